package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// WriteJSON writes all as one JSON array, in their order.
func WriteJSON[T Lint | Probe](w io.Writer, all []*T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(all)
}

// NewProbe returns the JSON form of a result.
func NewProbe(r *smbprobe.Result) *Probe {
	verdict := r.Verdict()
	p := &Probe{
		Target: r.Target, Module: r.Module, Auth: r.Auth,
		Verdict: verdict.String(), ExitStatus: int(verdict), Headline: oneLine(Headline(r)),
		Success: r.Success, Started: r.Started.UTC(),
		DurationSeconds: r.Duration.Seconds(), TimeoutSeconds: r.Timeout.Seconds(),
		Steps: make([]Step, len(r.Steps)), Address: r.Address, ClockOffset: seconds(r.ClockOffset),
		Share: Share{
			Name: r.ShareName, State: string(r.Share), Meaning: r.Share.Meaning(),
			Status: statusText(r.ShareStatus), Error: r.ShareError, Automatic: r.AdminShareAutomatic(),
			LoginHeldBack: r.LoginHeldBack, HeldBackUntil: r.HeldBackUntil.UTC(),
		},
		Phonebook: newPhonebook(&r.Phonebook),
		Eventlog:  newEventlog(&r.Eventlog),
		RPC:       string(r.RPC),
		Host:      newHost(&r.Host),
		Services:  each(r.Services, newService),
		Registry:  newRegistry(&r.Registry),
		Causes:    make([]Cause, len(r.Causes)),
	}
	if len(r.Steps) > 0 {
		p.RoundTrips = &r.RoundTrips
	}
	if r.WatchedSince != nil {
		p.WatchedSince = r.WatchedSince.UTC()
	}
	p.RuledOut = each(r.RuledOut, func(o smbprobe.RuledOut) RuledOut { return RuledOut(o) })
	for i, s := range r.Steps {
		p.Steps[i] = Step{Step: string(s.Step), DurationSeconds: s.Duration.Seconds(), Error: s.Error}
	}
	if s := r.Server; s != nil {
		p.Server = &Server{
			OS: s.OS, LANManager: s.LANManager, NetBIOSName: s.NetBIOSName, Domain: s.Domain,
			Dialect: s.Dialect, Signed: s.Signed, Time: s.Time.UTC(),
		}
	}
	for i := range r.Causes {
		p.Causes[i] = newCause(&r.Causes[i])
	}
	return p
}

func newPhonebook(p *smbprobe.PhonebookResult) Phonebook {
	b := Phonebook{
		State: string(p.State), Meaning: p.State.Meaning(), Status: statusText(p.Status), Error: p.Error,
		SizeBytes: p.Size, Modified: inUTC(p.Modified), EntryCount: p.Entries, Intact: p.Intact,
	}
	if exists, known := p.State.Exists(); known {
		b.Exists = &exists
	}
	if p.AllUsers != nil {
		b.AllUsers = new(newPhonebook(p.AllUsers))
	}
	if p.Entries == nil {
		return b // it was not read: nothing is known of its content
	}
	b.Entries = make([]Entry, len(p.Links))
	for i, l := range p.Links {
		b.Entries[i] = Entry(l)
	}
	b.Findings, b.Counts = newFindings(p.Findings), newCounts(p.Counts)
	b.DialedEntries = make([]DialedEntry, len(p.Dialed))
	for i, d := range p.Dialed {
		b.DialedEntries[i] = DialedEntry{Entry: d.Name, Usable: d.Usable}
		if !d.Usable {
			b.DialedEntries[i].Reason = dialedText(d)
		}
	}
	return b
}

func newHost(h *smbprobe.HostResult) Host {
	host := Host{
		Error: h.Error, Time: inUTC(h.Time), UptimeSeconds: seconds(h.Started),
		AdminShare: h.AdminShare, SystemShare: h.SystemShare, SystemShareName: h.SystemDrive, SharePath: h.SharePath,
	}
	if h.Known {
		host.Version = fmt.Sprintf("%d.%d", h.Major, h.Minor)
		host.Server, host.DomainController = &h.Server, &h.DomainController
	}
	return host
}

func newService(s smbprobe.ServiceResult) Service {
	service := Service{
		Name: s.Name, Installed: s.Installed, State: string(s.State), StartMode: string(s.StartMode), Account: s.Account, InState: seconds(s.InStateFor), Error: s.Error,
	}
	if s.State != "" {
		service.ExitCode = &s.ExitCode
	}
	return service
}

func newRegistry(g *smbprobe.RegistryResult) Registry {
	return Registry{
		Readable: g.Readable, Error: g.Error,
		AutoShareServer: newNumber(g.AutoShareServer), AutoShareWks: newNumber(g.AutoShareWks),
		IRPStackSize: newNumber(g.IRPStackSize), CrashOnAuditFail: newNumber(g.CrashOnAuditFail), CardsChecked: g.NetworkCardsChecked,
		LogMaxSize: newNumber(g.LogMaxSize), LogRetention: newNumber(g.LogRetention),
		ServicePack: newText(g.ServicePack), SystemRoot: newText(g.SystemRoot),
		ProductType: newText(g.ProductType), ProductSuite: newText(g.ProductSuite),
		StaleNetworkCards: each(g.StaleNetworkCards, func(c smbprobe.NetworkCard) NetworkCard { return NetworkCard(c) }),
	}
}

func newNumber(v *smbprobe.RegistryNumber) *RegistryNumber {
	switch {
	case v == nil:
		return nil
	case !v.Set:
		return &RegistryNumber{WrongType: v.WrongType, Text: v.Text}
	}
	return &RegistryNumber{Set: true, Value: &v.Value}
}

func newText(v *smbprobe.RegistryText) *RegistryText {
	switch {
	case v == nil:
		return nil
	case !v.Set:
		return &RegistryText{}
	}
	return &RegistryText{Set: true, Value: &v.Value}
}

func newCause(c *smbprobe.Cause) Cause {
	form := Cause{
		Name: c.Name, Title: c.Title, Severity: string(c.Severity), Headline: c.Headline, Explanation: c.Explanation,
		Articles: append([]string{}, c.Articles...), Evidence: append([]string{}, c.Evidence...),
		Remedy: make([]RemedyStep, len(c.Remedy)), Runbook: c.Name,
	}
	for i, s := range c.Remedy {
		form.Remedy[i] = RemedyStep{Kind: string(s.Kind), Text: s.Text, Commands: s.Commands, Dialog: s.Dialog}
		if r := s.Registry; r != nil {
			form.Remedy[i].Registry = new(RegistryChange(*r))
		}
	}
	return form
}

// each converts the elements of a list; one that is nil, not known, stays nil.
func each[From, To any](all []From, convert func(From) To) []To {
	if all == nil {
		return nil
	}
	converted := make([]To, len(all))
	for i, one := range all {
		converted[i] = convert(one)
	}
	return converted
}

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// statusText is a status with its name; empty for StatusOK, which stands for none.
func statusText(s smb.Status) string {
	if s == smb.StatusOK {
		return ""
	}
	return s.String()
}
