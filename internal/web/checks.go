package web

import (
	"cmp"
	"fmt"
	"slices"
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

// Causes that are about what one check looks at.
var (
	phonebookCauses = []string{
		"ras_not_installed", "phonebook_folder_missing", "share_leads_elsewhere", "phonebook_missing", "phonebook_elsewhere", "phonebook_empty",
		"phonebook_damaged", "phonebook_access_denied", "phonebook_locked", "phonebook_disk_error", "phonebook_too_large", "entry_unusable",
		"entry_not_in_book", "entry_name_too_long",
	}
	eventlogCauses = []string{"event_log_full", "event_log_stalled", "event_log_not_readable"}
	servicesCauses = []string{"server_paused", "server_service_stopped", "service_not_running", "mail_service_not_installed", "rasman_cannot_start"}
	clockCauses    = []string{"clock_off"}
)

// causeLevel is the level of the worst of the causes; empty: none is there, or it is for
// information. So a check never looks better or worse than the verdict that it leads to.
func causeLevel(r *smbprobe.Result, names []string) string {
	for i := range r.Causes { // the worst first
		if c := &r.Causes[i]; c.Severity != smbprobe.SeverityInfo && slices.Contains(names, c.Name) {
			return severityState(c.Severity).Level()
		}
	}
	return ""
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
		c.Value = "readable, with findings that keep entries from being dialed"
	}
	if level := causeLevel(r, phonebookCauses); level != "" && c.Level != "unclear" {
		c.Level = level
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
	c.Level = cmp.Or(causeLevel(r, eventlogCauses), c.Level)
	return c
}

func registryCheck(r *smbprobe.Result) check {
	c := check{Name: "Registry", Why: r.Registry.Error}
	c.Value, c.Level = readState(r.Registry.Readable)
	return c
}

func servicesCheck(r *smbprobe.Result) check {
	c := check{"Services", "not asked: the probe did not get that far, or the module names none", "", "unclear"}
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
	c.Level = cmp.Or(causeLevel(r, servicesCauses), c.Level)
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
	c.Level = cmp.Or(causeLevel(r, clockCauses), c.Level)
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
