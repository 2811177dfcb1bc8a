package prober_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// These tests need a simulated Windows NT 4.0: Samba cannot get into these states.

// TestStaleNetworkCard: a NetworkCards key without a service is looked for only after a
// failure with code 2.
func TestStaleNetworkCard(t *testing.T) {
	t.Parallel()
	const cards = `SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards\`
	host, addr := startNT(t)
	registry := host.System().Registry()
	registry.SetText(cards+"1", "ServiceName", "El90x1")
	registry.CreateKey(`SYSTEM\CurrentControlSet\Services\El90x1`)
	registry.SetText(cards+"2", "ServiceName", "DC21X42")
	s := direct(addr, withEventlog, withServer)

	before := probeOnce(t, s)
	if len(before.Registry.StaleNetworkCards) != 0 {
		t.Errorf("network cards %+v without a failure with code 2", before.Registry.StaleNetworkCards)
	}
	host.System().Log("Application").Add(rpc.Event{
		At: time.Now().Add(-time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "2"},
	})
	after := probeOnce(t, s)
	if diff := cmp.Diff([]smbprobe.NetworkCard{{Key: "2", Service: "DC21X42"}}, after.Registry.StaleNetworkCards); diff != "" {
		t.Errorf("network cards (-want +got):\n%s", diff)
	}
	wantNothingLeft(t, host)
}

// TestPipeRefused: an account that may not use one of the pipes.
func TestPipeRefused(t *testing.T) {
	t.Parallel()
	const faultAccessDenied = 5
	for _, pipe := range []string{"winreg", "eventlog", "svcctl", "srvsvc"} {
		t.Run(pipe, func(t *testing.T) {
			t.Parallel()
			host, addr := startNT(t)
			host.System().SetFault(func(name string, _ uint16) uint32 {
				if name == pipe {
					return faultAccessDenied
				}
				return 0
			})
			host.RemoveShare("ADMIN$")
			r := probeOnce(t, direct(addr, withEventlog, withServer))
			if r.Share != smbprobe.ShareMissing || !r.Success || r.RPC != smbprobe.RPCAnswers {
				t.Errorf("share %s, success %t, RPC %q; want share_missing, and the refusal as an answer", r.Share, r.Success, r.RPC)
			}
			want := "critical admin_share_removed"
			if pipe == "winreg" {
				want = "critical admin_share_missing"
			}
			if got := causesOf(r); len(got) == 0 || got[0] != want {
				t.Errorf("causes %q, want %s first", got, want)
			}
			if readable := *r.Eventlog.Readable; readable != (pipe != "eventlog") {
				t.Errorf("event log readable: %t", readable)
			}
			if known := r.Services[0].Installed != nil; known != (pipe != "svcctl") {
				t.Errorf("services known: %t", known)
			}
			if r.Host.Known != (pipe != "srvsvc") {
				t.Errorf("host known: %t", r.Host.Known)
			}
		})
	}
}

// TestShareRestored: access that was denied while the share was missing does not page once
// the share is back, though the phone book did not change. Failures that the share does not
// explain still do.
func TestShareRestored(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	denied := func() {
		host.System().Log("Application").Add(rpc.Event{
			At: time.Now().Truncate(time.Second), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "5"},
		})
	}
	denied()
	host.RemoveShare("ADMIN$")
	p, target := newProber(t, prober.Options{}), direct(addr, withEventlog, withServer).target(t)
	if got := causesOf(probe(t, p, target)); len(got) == 0 || got[0] != "critical admin_share_removed" {
		t.Errorf("share removed: causes %q", got)
	}
	host.RestoreShare("ADMIN$")
	r := probe(t, p, target)
	if diff := cmp.Diff([]string{"critical port_taken", "info dialup_access_denied"}, causesOf(r)); diff != "" {
		t.Errorf("share restored: causes (-want +got):\n%s", diff)
	}
	if r.HealthySince == nil || r.FaultSeen == nil || r.PhonebookFaultSeen != nil || r.WatchedSince == nil {
		t.Errorf("healthy since %v, fault seen %v, of the phone book %v, watched since %v", r.HealthySince, r.FaultSeen, r.PhonebookFaultSeen, r.WatchedSince)
	}
}

// TestSystemDriveD: Windows is on another drive than C.
func TestSystemDriveD(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6, DomainController: true})
	host.System().Registry().SetText(`SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "SystemRoot", `D:\WINNT`)
	host.RemoveShare("C$")
	addr := serveNT(t, host)
	r := probeOnce(t, direct(addr, withEventlog, withServer))
	if r.Host.SystemDrive != "D$" || r.Host.SystemShare != nil {
		t.Errorf("system drive %s, its share %v, want D$ and not known", r.Host.SystemDrive, r.Host.SystemShare)
	}
	host.RemoveShare("ADMIN$")
	r = probeOnce(t, direct(addr, withEventlog, withServer))
	if r.Host.SystemShare == nil || *r.Host.SystemShare {
		t.Errorf("share D$: %v, want not there", r.Host.SystemShare)
	}
	if got := causesOf(r); len(got) == 0 || got[0] != "critical admin_share_removed" {
		t.Errorf("causes %q, want admin_share_removed first", got)
	}
}

// TestSilentPipes: the programs of a server hang while its share works.
func TestSilentPipes(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	silent := map[string]uint16{"eventlog": 10, "winreg": 17, "svcctl": 16, "srvsvc": 16}
	host.System().SetSilent(func(pipe string, opnum uint16) bool { return opnum == silent[pipe] })
	r := probeLonger(t, newProber(t, prober.Options{}), direct(addr, withEventlog, withServer).target(t), func(r *smbprobe.Result) bool {
		return r.Share != smbprobe.ShareTimeout && r.Phonebook.State != smbprobe.PhonebookUnknown
	})
	if r.Share != smbprobe.ShareOK || r.Phonebook.State != smbprobe.PhonebookOK || r.Success || r.RPC != "" {
		t.Errorf("share %s, phone book %s, success %t, RPC %q", r.Share, r.Phonebook.State, r.Success, r.RPC)
	}
	if v := r.Verdict(); v != smbprobe.VerdictUnknown {
		t.Errorf("verdict %s, want UNKNOWN", v)
	}
}
