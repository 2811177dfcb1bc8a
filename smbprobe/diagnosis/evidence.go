package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// clues is a result, and what several rules conclude from it.
type evidence struct {
	*smbprobe.Result
	failures []dialFailure
}

func newEvidence(r *smbprobe.Result) *evidence {
	return &evidence{Result: r, failures: dialFailures(r)}
}

// host names the server for a person: as the operator calls it, and its own name where
// that is another one.
func (c *evidence) host() string {
	if c.Server == nil || c.Server.NetBIOSName == "" || strings.EqualFold(c.Server.NetBIOSName, c.Target) {
		return c.Target
	}
	return fmt.Sprintf("%s (%q)", c.Target, c.Server.NetBIOSName)
}

// share is the name of the share that was to be opened.
func (c *evidence) share() string {
	if c.ShareName == "" {
		return smbprobe.AdminShareName
	}
	return c.ShareName
}

// isAdminShare reports whether that share is the one that AutoShareServer and AutoShareWks
// speak of.
func (c *evidence) isAdminShare() bool { return strings.EqualFold(c.share(), smbprobe.AdminShareName) }

// bookSound reports whether the share is open, and the book was read and is without fault.
func (c *evidence) bookSound() bool {
	return c.Share == smbprobe.ShareOK && c.Phonebook.State == smbprobe.PhonebookOK && c.Phonebook.Intact != nil && *c.Phonebook.Intact
}

// maybeNT4 reports whether nothing known speaks against Windows NT 4.0 or older.
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

// servicePack returns the number of the installed service pack, 0 for none.
func (c *evidence) servicePack() (n int, known bool) {
	p := c.Registry.ServicePack
	if p == nil {
		return 0, false
	}
	if !p.Set {
		return 0, true
	}
	_, err := fmt.Sscanf(p.Value, "Service Pack %d", &n)
	return n, err == nil
}

// isDomainController reports whether the server said that it is one.
func (c *evidence) isDomainController() bool {
	t := c.Registry.ProductType
	return c.Host.Known && c.Host.DomainController || t != nil && t.Set && strings.EqualFold(t.Value, "LanmanNT")
}

// isTerminalServer reports whether the server said that it is one.
func (c *evidence) isTerminalServer() bool {
	s := c.Registry.ProductSuite
	return s != nil && s.Set && strings.Contains(strings.ToLower(s.Value), "terminal server")
}

// serverTime returns what time it was by the server's clock when the probe ran, to
// some seconds.
func (c *evidence) serverTime() (now time.Time, known bool) {
	switch {
	case c.ClockOffset != nil && !c.Started.IsZero():
		return c.Started.Add(*c.ClockOffset), true
	case c.Host.Time != nil:
		return *c.Host.Time, true
	}
	return time.Time{}, false
}

// stopped reports whether a service is known not to run, nor to be about to.
func stopped(s *smbprobe.ServiceResult) bool {
	if s.Installed != nil && !*s.Installed {
		return false
	}
	switch s.State {
	case smbprobe.ServiceStopped, smbprobe.ServiceStopPending, smbprobe.ServicePausePending, smbprobe.ServicePaused:
		return true
	}
	return false
}

// stoppedService returns a service that is known not to run.
func (c *evidence) stoppedService(name string) (s smbprobe.ServiceResult, found bool) {
	for _, s := range c.Services {
		if strings.EqualFold(s.Name, name) && stopped(&s) {
			return s, true
		}
	}
	return smbprobe.ServiceResult{}, false
}

// serviceSentence describes the state of a service.
func serviceSentence(s *smbprobe.ServiceResult) string {
	return fmt.Sprintf("Service %s: %s.", s.Name, strings.ReplaceAll(string(s.State), "_", " "))
}

// statusSentence says what the server answered, where it answered with a status.
func (c *evidence) statusSentence(what string) string {
	if c.ShareStatus == 0 {
		return what + "."
	}
	return fmt.Sprintf("%s with %s.", what, c.ShareStatus)
}

// timeText writes a time for a person.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// command makes a step of a remedy that is to be typed as it stands.
func command(text string) string { return "`" + text + "`" }
