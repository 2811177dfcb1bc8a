package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// evidence is a result, what several rules conclude from it, and what was found so far.
type evidence struct {
	*smbprobe.Result
	general           bool // nothing is known of the server: a remedy has every step
	failures          []dialFailure
	found             []string // causes
	explainedServices []string
	contentText       string // see contentRuledOut
}

func newEvidence(r *smbprobe.Result) *evidence {
	return &evidence{Result: r, failures: dialFailures(r)}
}

// host names the server for a person: as the operator calls it, and its own name if that
// differs.
func (c *evidence) host() string {
	switch {
	case c.Target == "":
		return "the server"
	case c.Server == nil || c.Server.NetBIOSName == "" || strings.EqualFold(c.Server.NetBIOSName, c.Target):
		return c.Target
	}
	return fmt.Sprintf("%s (%q)", c.Target, c.Server.NetBIOSName)
}

// account names the exporter's account.
func (c *evidence) account() string {
	switch {
	case c.general || c.Auth == "" && c.Account == "":
		return "the exporter's account"
	case c.Account == "":
		return fmt.Sprintf("the exporter's account (auth %q)", c.Auth)
	}
	return fmt.Sprintf("the exporter's account (%s, auth %q)", c.Account, c.Auth)
}

// share is the name of the share that was to be opened.
func (c *evidence) share() string {
	if c.ShareName == "" {
		return smbprobe.AdminShareName
	}
	return c.ShareName
}

// isAdminShare reports whether that share is the one that AutoShareServer and AutoShareWks
// control.
func (c *evidence) isAdminShare() bool { return strings.EqualFold(c.share(), smbprobe.AdminShareName) }

// sharePath is the module's path of the phone book for a person.
func (c *evidence) sharePath() string {
	if c.PhonebookPath == "" {
		return ntPlace
	}
	return c.PhonebookPath
}

// ntPlace is where Windows NT 4.0 has the phone book, on Admin$.
const ntPlace = `System32\Ras\rasphone.pbk`

// atNTPlace reports whether that is where the probe looked.
func (c *evidence) atNTPlace() bool {
	return c.isAdminShare() && strings.EqualFold(c.sharePath(), ntPlace)
}

// phonebookSound reports whether the share is open and the phone book was read and is
// without a fault.
func (c *evidence) phonebookSound() bool {
	return c.Share == smbprobe.ShareOK && sound(&c.Phonebook)
}

// sound reports whether a phone book was read, has entries, and is without a fault.
func sound(p *smbprobe.PhonebookResult) bool {
	return p.State == smbprobe.PhonebookOK && p.Intact != nil && *p.Intact && p.Entries != nil && *p.Entries > 0
}

// maybeNT4 reports whether nothing known contradicts Windows NT 4.0 or older.
func (c *evidence) maybeNT4() bool {
	switch {
	case c.Host.Known:
		return c.Host.Major <= 4
	case c.Server == nil:
		return true
	case c.Server.OS == "":
		return !strings.HasPrefix(c.Server.Dialect, "SMB ") // 2.0.2 and later
	}
	return strings.HasPrefix(c.Server.OS, "Windows NT")
}

// isNT4 reports whether the server is known to run Windows NT 4.0.
func (c *evidence) isNT4() bool {
	if c.Host.Known {
		return c.Host.Major == 4
	}
	return c.Server != nil && strings.HasPrefix(c.Server.OS, "Windows NT")
}

// isNewer reports whether the server is known to run Windows 2000 or later.
func (c *evidence) isNewer() bool { return !c.general && !c.maybeNT4() }

// servicePack returns the number of the installed service pack, 0 for none.
func (c *evidence) servicePack() (n int, known bool) {
	p := c.Registry.ServicePack
	if p == nil {
		return 0, false
	}
	if !p.Set {
		return 0, true
	}
	number, ok := strings.CutPrefix(p.Value, "Service Pack ")
	number = strings.TrimLeft(number, " ")
	after := strings.TrimLeft(number, "0123456789") // "6a"
	n, err := strconv.Atoi(number[:len(number)-len(after)])
	return n, ok && err == nil
}

// maybePackBelow reports whether the server may run Windows NT 4.0 with a service pack
// below n.
func (c *evidence) maybePackBelow(n int) bool {
	pack, known := c.servicePack()
	return c.maybeNT4() && (!known || pack < n)
}

// isDomainController reports whether the server announced that it is one.
func (c *evidence) isDomainController() bool {
	t := c.Registry.ProductType
	return c.Host.Known && c.Host.DomainController || t != nil && t.Set && strings.EqualFold(t.Value, "LanmanNT")
}

// isTerminalServer reports whether the server announced that it is one.
func (c *evidence) isTerminalServer() bool {
	s := c.Registry.ProductSuite
	return s != nil && s.Set && strings.Contains(strings.ToLower(s.Value), "terminal server")
}

// serverTime returns the time by the server's clock when the probe ran, to some seconds.
func (c *evidence) serverTime() (now time.Time, known bool) {
	switch {
	case c.ClockOffset != nil && !c.Started.IsZero():
		return c.Started.Add(*c.ClockOffset), true
	case c.Host.Time != nil:
		return *c.Host.Time, true
	}
	return time.Time{}, false
}

// service returns what is known of a service; nil: nothing.
func (c *evidence) service(name string) *smbprobe.ServiceResult {
	i := slices.IndexFunc(c.Services, func(s smbprobe.ServiceResult) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return nil
	}
	return &c.Services[i]
}

// serviceIs reports whether a service is known to be in one of some states.
func (c *evidence) serviceIs(name string, states ...smbprobe.ServiceState) bool {
	s := c.service(name)
	return s != nil && s.State != "" && slices.Contains(states, s.State) && (s.Installed == nil || *s.Installed)
}

// installed reports whether a service is installed; known: the server answered.
func (c *evidence) installed(name string) (installed, known bool) {
	s := c.service(name)
	if s == nil || s.Installed == nil {
		return false, false
	}
	return *s.Installed, true
}

// statusSentence says what the server answered, with the status if there was one.
func (c *evidence) statusSentence(what string) string {
	if c.ShareStatus == smb.StatusOK {
		return what + "."
	}
	return fmt.Sprintf("%s with %s.", what, c.ShareStatus)
}

// withStatus adds a status in brackets, if there was one.
func withStatus(what string, s smb.Status) string {
	if s == smb.StatusOK {
		return what + "."
	}
	return fmt.Sprintf("%s (%s).", what, s)
}

// timeText writes a time for a person.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// durationText writes a duration for a person, in its two largest units.
func durationText(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := d / unit.length
		d -= n * unit.length
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		case len(parts) > 0:
			parts = append(parts, "") // a unit of which there is none
		}
	}
	text := strings.TrimSpace(strings.Join(parts[:min(len(parts), 2)], " "))
	if text == "" {
		return "less than a second"
	}
	return text
}

// quoted lists names in quotes, with commas between them.
func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(all, ", ")
}
