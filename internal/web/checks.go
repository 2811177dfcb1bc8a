package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// check is what one part of a probe found, in a line.
type check struct {
	Name  string
	Value string
	Why   string // what was tried and why it failed; may be empty
	Level string // class in the style sheet
}

// Mark tells the level without a color.
func (c check) Mark() string {
	switch c.Level {
	case "good":
		return stateOK.Mark()
	case "warning":
		return stateWarning.Mark()
	case "bad":
		return stateCritical.Mark()
	}
	return "?"
}

// checks are what a probe looked at, in the order in which it did.
func checks(r *smbprobe.Result) []check {
	return []check{shareCheck(r), phonebookCheck(r), eventlogCheck(r), registryCheck(r), servicesCheck(r), clockCheck(r)}
}

func shareCheck(r *smbprobe.Result) check {
	c := check{"Share", fmt.Sprintf("%s: %s", r.Share, r.Share.Meaning()), r.ShareError, shareLevel(r)}
	if a := r.AdminShareAutomatic(); a != nil && r.Share == smbprobe.ShareOK {
		if c.Value += "; it comes back at a restart"; !*a {
			c.Value, c.Level = fmt.Sprintf("%s: %s; it will be gone after a restart", r.Share, r.Share.Meaning()), "warning"
		}
	}
	return c
}

func phonebookCheck(r *smbprobe.Result) check {
	p := &r.Phonebook
	c := check{"Phone book", fmt.Sprintf("%s: %s", p.State, p.State.Meaning()), p.Error, phonebookLevel(r)}
	if broken(p) {
		c.Value += ", with findings that keep entries from being dialed"
	}
	return c
}

func eventlogCheck(r *smbprobe.Result) check {
	c := check{Name: "Event log", Why: r.Eventlog.Error}
	c.Value, c.Level = readState(r.Eventlog.Readable)
	if c.Level != "good" {
		return c
	}
	if n := r.Eventlog.Records; n != nil {
		c.Value = number(*n, "record")
	}
	if at := r.Eventlog.Oldest; at != nil {
		c.Value += ", back to " + moment(*at)
	}
	if r.Eventlog.Unreadable > 0 {
		c.Value += fmt.Sprintf("; %s cannot be decoded", number(r.Eventlog.Unreadable, "record"))
	}
	if c.Why != "" {
		c.Level = "unclear"
	}
	return c
}

func registryCheck(r *smbprobe.Result) check {
	c := check{Name: "Registry", Why: r.Registry.Error}
	c.Value, c.Level = readState(r.Registry.Readable)
	return c
}

func servicesCheck(r *smbprobe.Result) check {
	c := check{"Services", "not asked: the module names none, or the probe did not come to them", "", "unclear"}
	var parts []string
	for _, s := range newServices(r.Services) {
		parts = append(parts, s.Name+" "+s.State)
		switch {
		case s.Level == "bad":
			c.Level = "bad"
		case c.Level != "bad" && s.State != unknown:
			c.Level = "good"
		}
	}
	if len(parts) > 0 {
		c.Value = strings.Join(parts, ", ")
	}
	if r.RPC == smbprobe.RPCDead {
		c.Value, c.Level = "RPC over pipes does not answer: services.exe is gone or hangs", "bad"
	}
	return c
}

func clockCheck(r *smbprobe.Result) check {
	if r.ClockOffset == nil {
		return check{"Clock", unknown, "", "unclear"}
	}
	offset := *r.ClockOffset
	c := check{"Clock", span(offset.Abs()) + " ahead of the exporter's", "", "good"}
	switch {
	case offset.Abs() < clockNoise:
		c.Value = "within a second of the exporter's"
	case offset < 0:
		c.Value = span(offset.Abs()) + " behind the exporter's"
	}
	for i := range r.Causes {
		if r.Causes[i].Name == "clock_off" {
			c.Level = severityState(r.Causes[i].Severity).Level()
		}
	}
	return c
}

// facts are what the server reported about itself.
func facts(r *smbprobe.Result) []fact {
	all := []fact{{"Address", cmp.Or(r.Address, unknown), ""}}
	if s := r.Server; s != nil {
		all = append(all, fact{"System", cmp.Or(s.OS, unknown), ""}, fact{"NetBIOS name", cmp.Or(s.NetBIOSName, unknown), ""},
			fact{"Domain", cmp.Or(s.Domain, unknown), ""}, fact{"Dialect", cmp.Or(s.Dialect, unknown), ""})
	}
	return append(append(append(all, hostFacts(r)...), shareFacts(r)...), logFacts(r)...)
}
