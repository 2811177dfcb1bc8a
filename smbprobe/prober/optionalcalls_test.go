package prober_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestSilentCall: a call that a server never answers costs part of the time of two
// probes, is left out of the next nine, and hides nothing else.
func TestSilentCall(t *testing.T) {
	host, addr := startNT(t)
	silent := true
	asked := 0
	host.System().SetSilent(func(pipe string, opnum uint16) bool {
		if pipe != "srvsvc" || opnum != rpc.OpnumRemoteTOD {
			return false
		}
		asked++
		return silent
	})
	target := site{hosts: []string{addr.String()}, module: []string{
		"transport: netbios", "timeout: 3s", "eventlog: {enabled: true}", "server: {registry: true, services: [MSExchangeIMC, RasMan]}",
	}}.target(t)
	p := newProber(t, prober.Options{})
	for i := range 11 {
		r := probe(t, p, target)
		if r.Success || r.Host.ClockOffset != nil || r.Share != smbprobe.ShareOK || r.Phonebook.State != smbprobe.PhonebookOK {
			t.Errorf("probe %d: success %v, share %s, phone book %s, clock %v", i, r.Success, r.Share, r.Phonebook.State, r.Host.ClockOffset)
		}
		if diff := cmp.Diff([]string{"NetrRemoteTOD"}, r.SilentCalls); diff != "" {
			t.Errorf("probe %d: silent calls (-want +got):\n%s", i, diff)
		}
		if !r.Host.Known || r.Host.AdminShare == nil || r.Registry.Error != "" || len(r.Services) == 0 || r.Services[0].State == "" || len(r.Eventlog.Windows) == 0 {
			t.Errorf("probe %d: the rest is not known: %+v, registry %q", i, r.Host, r.Registry.Error)
		}
		if r.Duration > 2*time.Second && i >= 2 {
			t.Logf("probe %d took %s", i, r.Duration)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times in eleven probes, want 2", asked)
	}
	silent = false
	for i := range 2 {
		if r := probe(t, p, target); !r.Success || r.Host.ClockOffset == nil || len(r.SilentCalls) != 0 {
			t.Errorf("probe %d after it answers: success %v, clock %v, silent %v", i, r.Success, r.Host.ClockOffset, r.SilentCalls)
		}
	}
}

// TestSilentCallAfterNoPipe: nothing is left out after a probe in which no pipe answered, for
// example because the server was started again.
func TestSilentCallAfterNoPipe(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	host.System().SetSilent(func(pipe string, opnum uint16) bool { return pipe == "srvsvc" && opnum == rpc.OpnumRemoteTOD })
	target := direct(addr, withEventlog, withServer, "timeout: 3s").target(t)
	p := newProber(t, prober.Options{})
	probe(t, p, target)
	probe(t, p, target)
	host.System().SetSilent(nil)
	host.System().SetPipes(func(string) uint32 { return uint32(smb.StatusObjectNameNotFound) })
	probe(t, p, target)
	host.System().SetPipes(nil)
	if r := probe(t, p, target); !r.Success || len(r.SilentCalls) != 0 {
		t.Errorf("success %v, silent %q", r.Success, r.SilentCalls)
	}
}

// TestContradictingClocks: of two times that a server announces one is wrong, and nothing
// is counted by either.
func TestContradictingClocks(t *testing.T) {
	for offset, known := range map[time.Duration]bool{0: true, 30 * time.Second: true, -time.Hour: false, 2 * time.Minute: false} {
		host, addr := startNT(t)
		host.System().SetRemoteTODOffset(offset)
		r := probe(t, newProber(t, prober.Options{}), site{hosts: []string{addr.String()}, module: []string{
			"transport: netbios", "eventlog: {enabled: true}", "server: {registry: false, services: [RasMan]}",
		}}.target(t))
		if got := len(r.Eventlog.Windows) > 0; got != known || (r.Eventlog.Error == "") != known {
			t.Errorf("offset %s: windows known %v, want %v; error %q", offset, got, known, r.Eventlog.Error)
		}
	}
}

// TestSilentFirstCalls: calls that are not answered on many pipes at once keep back neither the
// share nor what other pipes answer, and only they are silent.
func TestSilentFirstCalls(t *testing.T) {
	t.Parallel()
	type call struct {
		pipe  string
		opnum uint16
	}
	for name, tt := range map[string]struct {
		silent   []call
		eventlog bool // can be read
	}{
		"services and registry": {[]call{{"svcctl", 15}, {"winreg", 2}}, true},
		"all":                   {[]call{{"svcctl", 15}, {"winreg", 2}, {"eventlog", 7}, {"srvsvc", 21}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, addr := startNT(t)
			host.System().SetSilent(func(pipe string, opnum uint16) bool {
				return slices.Contains(tt.silent, call{pipe, opnum})
			})
			r := probeLonger(t, newProber(t, prober.Options{}), direct(addr, withEventlog, withServer).target(t), func(r *smbprobe.Result) bool {
				return r.Phonebook.State == smbprobe.PhonebookOK && (len(r.Eventlog.Windows) > 0) == tt.eventlog
			})
			if r.Share != smbprobe.ShareOK || r.Phonebook.State != smbprobe.PhonebookOK || (len(r.Eventlog.Windows) > 0) != tt.eventlog {
				t.Errorf("share %s, phone book %s, event log %q", r.Share, r.Phonebook.State, r.Eventlog.Error)
			}
			if len(r.SilentCalls) > 0 {
				t.Errorf("silent calls %q: of those, none is on a pipe that answers other calls", r.SilentCalls)
			}
		})
	}
}
