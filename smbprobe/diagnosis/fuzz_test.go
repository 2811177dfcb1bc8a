package diagnosis

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// picker makes a Result of bytes; it picks zero when they are used up.
type picker []byte

func (p *picker) pick() int {
	if len(*p) == 0 {
		return 0
	}
	b := (*p)[0]
	*p = (*p)[1:]
	return int(b)
}

func oneOf[T any](p *picker, of ...T) T { return of[p.pick()%len(of)] }

// maybe picks a value, or that it is not known.
func maybe[T any](p *picker, of ...T) *T {
	if p.pick()%3 == 0 {
		return nil
	}
	return new(oneOf(p, of...))
}

func (p *picker) time() time.Time {
	return oneOf(p, probedAt(), probedAt().Add(-time.Minute), probedAt().Add(-2*time.Hour), probedAt().Add(-9*24*time.Hour), time.Time{}, time.Unix(1<<40, 0))
}

func (p *picker) text() string {
	return oneOf(p, "", "Provider", hostileText, longName(), smbprobe.Other, "\"`%s", "ü")
}

func (p *picker) number() *smbprobe.RegistryNumber {
	return maybe(p, smbprobe.RegistryNumber{}, smbprobe.RegistryNumber{Set: true}, smbprobe.RegistryNumber{Set: true, Value: 1}, smbprobe.RegistryNumber{Set: true, Value: 524288}, smbprobe.RegistryNumber{Set: true, Value: neverOverwrite})
}

func (p *picker) registryText() *smbprobe.RegistryText {
	text := func(s string) smbprobe.RegistryText { return smbprobe.RegistryText{Set: true, Value: s} }
	return maybe(p, smbprobe.RegistryText{}, text("Service Pack 3"), text("Service Pack 6"), text("WinNT"), text("LanmanNT"), text("Terminal Server"), text(hostileText), text("Service Pack -"))
}

func (p *picker) result() *smbprobe.Result {
	r := &smbprobe.Result{Target: oneOf(p, "exch01", "EXCH01", "10.1.2.3"), Auth: "corp", Module: "default", ShareName: oneOf(p, "ADMIN$", "admin$", "C$", "")}
	r.Started = p.time()
	r.Share = oneOf(p, append([]smbprobe.ShareState{smbprobe.ShareOK, smbprobe.ShareOK, smbprobe.ShareMissing}, smbprobe.ShareStates()...)...)
	r.ShareStatus = oneOf(p, smb.StatusOK, smb.StatusLogonFailure, smb.StatusAccountLockedOut, smb.StatusBadNetworkName, smb.Status(0xC0FFFFFF))
	r.LoginHeldBack, r.HeldBackUntil = p.pick()%2 == 1, p.time()
	r.Server = maybe(p, smbprobe.ServerInfo{}, smbprobe.ServerInfo{OS: "Windows NT 4.0", NetBIOSName: "EXCH01"}, smbprobe.ServerInfo{OS: "Windows 5.0", NetBIOSName: hostileText}, smbprobe.ServerInfo{Dialect: "SMB 3.1.1"})
	r.ClockOffset = maybe(p, 0, time.Hour, -1<<63, 1<<63-1)
	r.HealthySince, r.FaultSeen, r.PhonebookFaultSeen, r.WatchedSince = maybe(p, p.time()), maybe(p, p.time()), maybe(p, p.time()), maybe(p, p.time())
	r.Account, r.NTLMv1, r.ShareError = p.text(), p.pick()%2 == 1, p.text()
	r.RPC = oneOf(p, smbprobe.RPCAnswers, smbprobe.RPCDead, "")
	p.phonebook(&r.Phonebook)
	p.eventlog(&r.Eventlog)
	r.Registry = smbprobe.RegistryResult{
		AutoShareServer: p.number(), AutoShareWks: p.number(), IRPStackSize: p.number(), LogMaxSize: p.number(), LogRetention: p.number(),
		CrashOnAuditFail: p.number(), Readable: maybe(p, true, false), Refused: p.pick()%3 == 1, SystemRoot: maybe(p, smbprobe.RegistryText{Set: true, Value: p.text()}),
		ServicePack: p.registryText(), ProductType: p.registryText(), ProductSuite: p.registryText(),
	}
	for range p.pick() % 3 {
		r.Registry.StaleNetworkCards = append(r.Registry.StaleNetworkCards, smbprobe.NetworkCard{Key: p.text(), Service: p.text()})
	}
	for range p.pick() % 4 {
		r.Services = append(r.Services, smbprobe.ServiceResult{
			Name: oneOf(p, "MSExchangeIMC", "PlugPlay", "LanmanServer", "RasMan", hostileText), Installed: maybe(p, true, false),
			State:     oneOf(p, smbprobe.ServiceRunning, smbprobe.ServiceStopped, smbprobe.ServicePaused, smbprobe.ServiceStartPending, ""),
			StartMode: oneOf(p, smbprobe.StartAutomatic, smbprobe.StartManual, ""), ExitCode: oneOf[uint32](p, 0, neverStarted, 5, 1067, 1068, 1069, 1<<32-1),
			Account: p.text(), Asked: p.pick()%2 == 1, Refused: p.pick()%3 == 1, InStateFor: maybe(p, time.Minute, time.Hour),
		})
	}
	r.Host = smbprobe.HostResult{
		Known: p.pick()%2 == 1, Major: uint32(p.pick()), Server: p.pick()%2 == 1, DomainController: p.pick()%2 == 1,
		Time: maybe(p, p.time()), AdminShare: maybe(p, true, false), SystemShare: maybe(p, true, false), SystemDrive: p.text(), SharePath: p.text(), Refused: p.pick()%3 == 1,
	}
	return r
}

func (p *picker) phonebook(b *smbprobe.PhonebookResult) {
	b.State = oneOf(p, append([]smbprobe.PhonebookState{smbprobe.PhonebookOK, smbprobe.PhonebookOK, ""}, smbprobe.PhonebookStates()...)...)
	b.Status = oneOf(p, smb.StatusOK, smb.StatusAccessDenied)
	b.Modified = maybe(p, p.time())
	b.Entries, b.Intact = maybe(p, 0, 1, 300), maybe(p, true, false)
	b.Switched = []string{p.text()}
	for range p.pick() % 3 {
		b.Changes = append(b.Changes, smbprobe.PhonebookChange{Entry: p.text(), Kind: oneOf(p, smbprobe.EntryAdded, smbprobe.EntryRemoved, smbprobe.EntryRewired), At: p.time()})
	}
	if b.AllUsers == nil && p.pick()%3 == 0 {
		b.AllUsers = &smbprobe.PhonebookResult{State: oneOf(p, smbprobe.PhonebookStates()...), Entries: maybe(p, 0, 2), Intact: maybe(p, true, false), Error: p.text()}
	}
	for range p.pick() {
		b.Links = append(b.Links, smbprobe.Link{Entry: p.text()})
	}
	for range p.pick() % 4 {
		info := oneOf(p, phonebook.Checks()...)
		b.Findings = append(b.Findings, phonebook.Finding{Check: info.Check, Class: info.Class, Line: p.pick(), Entry: p.text(), Detail: "as it stands."})
		b.Counts = append(b.Counts, phonebook.Count{Check: info.Check, Class: info.Class, N: p.pick()})
		b.Dialed = append(b.Dialed, phonebook.Dialed{Name: p.text(), Entry: p.text(), Missing: p.pick()%2 == 1, TooLong: p.pick()%2 == 1, Usable: p.pick()%2 == 1})
	}
}

func (p *picker) eventlog(e *smbprobe.EventlogResult) {
	e.Readable, e.Status, e.Error = maybe(p, true, false), oneOf(p, smb.StatusOK, smb.StatusAccessDenied), p.text()
	e.Oldest, e.Newest, e.Size = maybe(p, p.time()), maybe(p, p.time()), maybe(p, int64(0), 65536, 524288, -1<<63)
	for range p.pick() % 4 {
		w := smbprobe.WindowResult{Label: "15m", Duration: time.Duration(p.pick()) * time.Minute, Failures: maybe(p, 0, 7)}
		for range p.pick() % 4 {
			code := oneOf(p, "5", "87", "623", "2", "711", "317", "633", "691", "53", "1130", "676", "692", smbprobe.UnknownCode, smbprobe.Other, "", "99999999999")
			w.ByError = append(w.ByError, smbprobe.FailureCount{Entry: p.text(), Code: code, N: p.pick() - 1})
			e.Calls = append(e.Calls, smbprobe.CallHistory{
				Entry: p.text(), Code: code, Calls: p.pick(), LastStart: p.time(), LastEnd: p.time(), Gaps: []time.Duration{time.Duration(p.pick()) * time.Minute},
				MedianGap: time.Duration(p.pick()) * time.Minute, UnbrokenCalls: p.pick(), UnbrokenSince: p.time(),
			})
			e.LastFailures = append(e.LastFailures, smbprobe.LastFailure{Entry: p.text(), Code: code, At: p.time()})
		}
		e.Windows = append(e.Windows, w)
		e.RelatedEvents = append(e.RelatedEvents, smbprobe.RelatedEvent{At: p.time(), Text: oneOf(p, "0xc0000005", hostileText)})
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add([]byte(nil))
	// Bytes from a generator of a fixed seed: a run without fuzzing tries many results.
	state := uint32(1)
	for range 300 {
		seed := make([]byte, 400)
		for i := range seed {
			state = state*1664525 + 1013904223
			seed[i] = byte(state >> 24)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := picker(data)
		r := p.result()
		causes := Causes(r)
		wantComplete(t, r, causes)
		wantNothingLost(t, r, causes)
		wantSameOfShort(t, r)
	})
}
