package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// found writes what was found. What is not known has no row, but for the states.
func (t *text) found(r *smbprobe.Result) {
	t.heading("Found")
	if r.Address != "" {
		t.row("address", r.Address)
	}
	if s := r.Server; s != nil {
		t.row("server", join(s.OS, s.LANManager, s.NetBIOSName, s.Domain, s.Dialect))
	}
	t.host(r)
	if r.ClockOffset != nil {
		t.row("clock", clockText(*r.ClockOffset))
	}
	share := string(r.Share)
	if r.Share != smbprobe.ShareOK {
		share = withError(share+": "+r.Share.Meaning(), r.ShareError, r.Steps)
	}
	t.row("share", share)
	t.phonebook(r)
	t.eventlog(&r.Eventlog, &r.Registry)
	if r.RPC == smbprobe.RPCDead {
		t.row("RPC", "the share works, and none of the server's pipes answers")
	}
	t.services(r.Services)
	t.registry(&r.Registry)
}

// withError adds why a state is as it is, unless a step says it already.
func withError(state, why string, steps []smbprobe.StepResult) string {
	for _, s := range steps {
		if s.Error == why {
			return state
		}
	}
	return stateLine(state, why)
}

func (t *text) phonebook(r *smbprobe.Result) {
	p := &r.Phonebook
	var about []string
	if p.State == smbprobe.PhonebookOK {
		about = append(about, string(p.State))
	} else {
		t.row("phone book", phonebookState(r))
	}
	if p.Size != nil {
		about = append(about, fmt.Sprintf("%d bytes", *p.Size))
	}
	if p.Modified != nil {
		about = append(about, "written "+utc(*p.Modified))
	}
	if p.Entries != nil {
		about = append(about, number(*p.Entries, "entry", "entries"))
	}
	if len(about) > 0 {
		t.row("phone book", join(about...))
	}
	for _, l := range p.Links[:min(maxRows, len(p.Links))] {
		t.row("entry", fmt.Sprintf("%q: ", l.Entry)+join(l.Media, l.Device, l.Port))
	}
	t.more("entry", maxRows, len(p.Links))
	for _, d := range p.Dialed {
		t.row("dialed entry", fmt.Sprintf("%q: %s", d.Name, dialedText(d)))
	}
	findings := newFindings(p.Findings[:min(maxRows, len(p.Findings))])
	for i := range findings {
		t.row("finding", findings[i].line())
	}
	all := 0
	for _, c := range p.Counts {
		all += c.N
	}
	t.more("finding", len(findings), max(all, len(p.Findings)))
}

// phonebookState is a state other than ok with what it means, and why it is so.
func phonebookState(r *smbprobe.Result) string {
	p := &r.Phonebook
	if p.State == smbprobe.PhonebookUnknown && r.Share != smbprobe.ShareOK {
		return string(p.State) + ": not looked at"
	}
	return withError(string(p.State)+": "+p.State.Meaning(), p.Error, r.Steps)
}

func (t *text) host(r *smbprobe.Result) {
	h, registry := &r.Host, &r.Registry
	var about []string
	if h.Known {
		kind := "Workstation"
		if h.Server {
			kind = "Server"
		}
		about = append(about, windowsName(h.Major, h.Minor)+" "+kind)
		if h.DomainController {
			about = append(about, "domain controller")
		}
	}
	for _, v := range []*smbprobe.RegistryText{registry.ServicePack, registry.ProductSuite, registry.SystemRoot} {
		if v != nil && v.Set {
			about = append(about, v.Value)
		}
	}
	if h.Started != nil {
		about = append(about, "started "+ago(*h.Started))
	}
	if h.AdminShare != nil && !*h.AdminShare {
		about = append(about, "no share "+cmp.Or(r.ShareName, "ADMIN$"))
	}
	if h.SystemShare != nil && !*h.SystemShare {
		about = append(about, "no share "+h.SystemDrive)
	}
	if len(about) > 0 {
		t.row("system", join(about...))
	}
	if h.Error != "" {
		t.row("system", "not all is known: "+h.Error)
	}
}

// windowsName returns the name under which a version of Windows is known.
func windowsName(major, minor uint32) string {
	switch {
	case major == 5 && minor == 0:
		return "Windows 2000"
	case major == 5:
		return "Windows Server 2003"
	}
	return fmt.Sprintf("Windows NT %d.%d", major, minor)
}

func (t *text) services(services []smbprobe.ServiceResult) {
	var about []string
	for _, s := range services {
		about = append(about, s.Name+": "+serviceText(&s))
	}
	if len(about) > 0 {
		t.row("services", strings.Join(about, "; "))
	}
}

// neverStarted is the exit code of a service that was not started since Windows was
// (ERROR_SERVICE_NEVER_STARTED).
const neverStarted = 1077

func serviceText(s *smbprobe.ServiceResult) string {
	if s.Installed != nil && !*s.Installed {
		return "not installed"
	}
	about := []string{strings.ReplaceAll(string(s.State), "_", " "), string(s.StartMode)}
	if s.State == smbprobe.ServiceStopped && s.ExitCode != 0 && s.ExitCode != neverStarted {
		about = append(about, fmt.Sprintf("with code %d", s.ExitCode))
	}
	if s.Account != "" {
		about = append(about, "as "+s.Account)
	}
	text := join(about...)
	if text == "" {
		text = "not known"
	}
	return stateLine(text, s.Error)
}

// registry writes the values that are set and that no other row has.
func (t *text) registry(g *smbprobe.RegistryResult) {
	if g.Readable != nil && !*g.Readable {
		t.row("registry", stateLine("not readable", g.Error))
		return
	}
	var about []string
	for _, v := range []struct {
		name  string
		value *smbprobe.RegistryNumber
	}{
		{"AutoShareServer", g.AutoShareServer},
		{"AutoShareWks", g.AutoShareWks},
		{"IRPStackSize", g.IRPStackSize},
	} {
		if v.value != nil && v.value.Set {
			about = append(about, fmt.Sprintf("%s=%d", v.name, v.value.Value))
		}
	}
	if len(about) > 0 {
		t.row("registry", join(about...))
	}
	for _, c := range g.StaleNetworkCards {
		t.row("registry", fmt.Sprintf(`NetworkCards\%s names the service %q, which has no key`, c.Key, c.Service))
	}
	if g.Error != "" {
		t.row("registry", "not all is known: "+g.Error)
	}
}

func clockText(offset time.Duration) string {
	if offset.Abs() < time.Second {
		return "same as this computer's"
	}
	side := "ahead of"
	if offset < 0 {
		side = "behind"
	}
	return fmt.Sprintf("%s %s this computer's", offset.Abs().Round(time.Second), side)
}

// ago says how long ago something was, as exactly as a person wants to know.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return fmt.Sprintf("%d days ago", d/day)
	}
	return d.Round(time.Minute).String() + " ago"
}

// join puts commas between the texts that are not empty.
func join(all ...string) string {
	var known []string
	for _, t := range all {
		if t != "" {
			known = append(known, t)
		}
	}
	return strings.Join(known, ", ")
}
