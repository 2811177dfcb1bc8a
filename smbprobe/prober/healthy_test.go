package prober_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestHealthySamba probes a server in every dialect, transport and login, and checks the whole
// result.
func TestHealthySamba(t *testing.T) {
	smb1 := smb.ServerInfo{OS: "Windows 6.1", LANManager: "Samba", NetBIOSName: "EXCH01", Domain: "TESTDOM", Dialect: "NT LM 0.12"}
	smb2 := func(dialect string) smb.ServerInfo {
		return smb.ServerInfo{OS: "Windows 6.1", NetBIOSName: "EXCH01", Domain: "EXCH01", Dialect: dialect, Signed: true}
	}
	servers := []struct {
		name   string
		server smbtest.SambaOptions
		want   smb.ServerInfo
		rounds int // over direct TCP; a NetBIOS session is one more for each connection
		conns  int
		sites  []site
	}{
		{"SMB1", smbtest.SambaOptions{}, smb1, 6, 1, []site{
			{ntlm: "v2", module: []string{"transport: direct"}},
			{ntlm: "v1", module: []string{"transport: direct"}},
			{ntlm: "v2", module: []string{"transport: netbios"}},
			{ntlm: "v1", module: []string{"transport: netbios", "dialect: smb1"}},
		}},
		{"SMB 2.0.2", smbtest.SambaOptions{MinProtocol: "SMB2_02"}, smb2("SMB 2.0.2"), 10, 2, []site{
			{module: []string{"transport: direct"}}, {module: []string{"transport: netbios"}},
		}},
		{"SMB 3.0", smbtest.SambaOptions{MinProtocol: "SMB3_00"}, smb2("SMB 3.0"), 10, 2, []site{
			{module: []string{"transport: direct"}},
		}},
		{"SMB 3.1.1", smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"}, smb2("SMB 3.1.1"), 10, 2, []site{
			{module: []string{"transport: direct"}}, {module: []string{"transport: direct", "signing: required"}},
		}},
		{"SMB 2.1, signing mandatory", smbtest.SambaOptions{MinProtocol: "SMB2_10", SigningMandatory: true}, smb2("SMB 2.1"), 10, 2, []site{
			{module: []string{"transport: direct"}},
		}},
		{"SMB 3.1.1, signing mandatory", smbtest.SambaOptions{MinProtocol: "SMB3_11", SigningMandatory: true}, smb2("SMB 3.1.1"), 10, 2, []site{
			{module: []string{"transport: direct"}}, {module: []string{"transport: netbios", "signing: required"}},
		}},
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			samba := smbtest.StartSamba(t, s.server)
			modified := time.Date(1998, time.July, 6, 5, 4, 3, 0, time.UTC)
			if err := os.Chtimes(samba.PhonebookPath(), modified, modified); err != nil {
				t.Fatal(err)
			}
			for _, site := range s.sites {
				t.Run(strings.Join(append(site.module, site.ntlm), ", "), func(t *testing.T) {
					site.hosts = []string{samba.Addr().String()}
					rounds, target := s.rounds, site.target(t)
					if target.Module.Transport == smbprobe.TransportNetBIOS {
						rounds += s.conns
					}
					logins := samba.Logins()
					r := probeOnce(t, site)
					checkHealthy(t, r, target, s.want, modified, rounds)
					if got := samba.Logins() - logins; got != 1 {
						t.Errorf("%d logins, want 1", got)
					}
				})
			}
		})
	}
}

func checkHealthy(t *testing.T, r *smbprobe.Result, target smbprobe.Target, server smb.ServerInfo, modified time.Time, rounds int) {
	t.Helper()
	size := int64(len(smbtest.Phonebook()))
	want := &smbprobe.Result{
		Target: target.Name, Module: "default", Auth: "corp", Account: "rasphone", ShareName: "ADMIN$", PhonebookPath: `System32\Ras\rasphone.pbk`, Success: true, RoundTrips: rounds,
		Share: smbprobe.ShareOK, Address: target.Name, Server: &server,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Size: &size, Modified: &modified},
	}
	if r.Server != nil {
		r.Server.LANManager, _, _ = strings.Cut(r.Server.LANManager, " ") // without the version
	}
	ignored := cmpopts.IgnoreFields(smbprobe.Result{}, "Started", "Duration", "Timeout", "Steps", "Trace", "ClockOffset", "NTLMv1", "WatchedSince", "RuledOut")
	if diff := cmp.Diff(want, r, ignored, cmpopts.IgnoreFields(smb.ServerInfo{}, "Time", "TimeSeenAt"),
		cmpopts.IgnoreFields(smbprobe.PhonebookResult{}, "Entries", "Intact", "Links", "Modems", "Findings", "Counts", "Dialed", "Text")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if r.ClockOffset == nil || r.ClockOffset.Abs() > time.Minute {
		t.Errorf("clock offset %v, want about 0", r.ClockOffset)
	}
	if r.Duration <= 0 || r.Timeout <= r.Duration || r.Timeout > patience {
		t.Errorf("took %s of %s, want some time, of at most %s", r.Duration, r.Timeout, patience)
	}
	var steps []smbprobe.Step
	for _, step := range r.Steps {
		steps = append(steps, step.Step)
		if step.Error != "" {
			t.Errorf("step %s: %s", step.Step, step.Error)
		}
	}
	wantSteps := []smbprobe.Step{smbprobe.StepResolve, smbprobe.StepConnect, smbprobe.StepNegotiate, smbprobe.StepLogin,
		smbprobe.StepShare, smbprobe.StepPhonebook}
	if diff := cmp.Diff(wantSteps, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{string(text), fmt.Sprintf("%+v", r)} {
		if strings.Contains(printed, smbtest.Password) {
			t.Errorf("the password is in the result: %s", printed)
		}
	}
}

// TestShareIsRemovedAndRestored: the share changes while the Prober lives.
func TestShareIsRemovedAndRestored(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
		p, target := newProber(t, prober.Options{}), direct(samba.Addr()).target(t)
		wantOutcome(t, "at first", allWell(), probe(t, p, target))
		samba.RemoveShare()
		wantOutcome(t, "removed", share(smbprobe.ShareMissing, smb.StatusBadNetworkName), probe(t, p, target))
		samba.WithdrawShare()
		wantOutcome(t, "withdrawn", share(smbprobe.ShareMissing, smb.StatusBadNetworkName), probe(t, p, target))
		samba.DenyShare()
		wantOutcome(t, "denied", share(smbprobe.ShareAccessDenied, smb.StatusAccessDenied), probe(t, p, target))
		samba.RestoreShare()
		wantOutcome(t, "restored", allWell(), probe(t, p, target))
	}
}

// TestImpacket: a server that runs only the first command of a chain, allows one request at a
// time, and speaks OEM strings.
func TestImpacket(t *testing.T) {
	t.Parallel()
	server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{})
	p, target := newProber(t, prober.Options{}), direct(server.Addr()).target(t)
	r := probe(t, p, target)
	wantOutcome(t, "at first", allWell(), r)
	if r.Phonebook.Size == nil || *r.Phonebook.Size != int64(len(smbtest.Phonebook())) || r.Phonebook.Modified == nil {
		t.Errorf("phone book %+v", r.Phonebook)
	}
	server.WritePhonebook(bookOf(200_000)) // many reads, one at a time
	wantOutcome(t, "large", allWell(), probe(t, p, target))
	if err := os.Remove(server.PhonebookPath()); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, "missing", book(smbprobe.PhonebookMissing), probe(t, p, target))

	other := direct(server.Addr(), "share: NONE$").target(t)
	if r := probe(t, p, other); r.Share != smbprobe.ShareMissing {
		t.Errorf("another share: %s, want %s", r.Share, smbprobe.ShareMissing)
	}
	wrong := direct(server.Addr())
	wrong.password = "wrong"
	wantOutcome(t, "wrong password", share(smbprobe.ShareLoginFailed, smb.StatusLogonFailure), probeOnce(t, wrong))

	for _, event := range server.Events() {
		if event.Event == "login" && event.VcNumber == 0 {
			t.Error("a login with VcNumber 0, which drops other sessions of this host")
		}
	}
}

// TestSmallBuffers: servers without large reads, and with buffers smaller than a fragment of an
// answer, have a long event log.
func TestSmallBuffers(t *testing.T) {
	t.Parallel()
	for _, o := range []simnt.Options{
		{ServicePack: 6, SmallReads: true},
		{ServicePack: 6, SmallReads: true, MaxBufferSize: 1024},
		{ServicePack: 6, MaxBufferSize: 1024},
		{ServicePack: 6, MaxMpxCount: 2},
		{ServicePack: 6, SmallReads: true, DOSErrors: true},
	} {
		t.Run(fmt.Sprintf("buffer %d, no large reads %t, %d in flight, DOS errors %t", o.MaxBufferSize, o.SmallReads, o.MaxMpxCount, o.DOSErrors), func(t *testing.T) {
			t.Parallel()
			host := newNT(t, o)
			log := host.System().Log("Application")
			for range 400 {
				log.Add(rpc.Event{At: time.Now().Add(-time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "633"}})
			}
			r := probeOnce(t, direct(serveNT(t, host), withEventlog, withServer))
			wantOutcome(t, "probe", allWell(), r)
			wantFailures(t, "log", [3]int{403, 403, 403}, r)
			if r.Registry.AutoShareServer == nil || r.Services[0].Installed == nil || !r.Host.Known {
				t.Errorf("registry %+v, services %+v, host %+v", r.Registry, r.Services, r.Host)
			}
			if r.RPC != smbprobe.RPCAnswers {
				t.Errorf("RPC %q", r.RPC)
			}
			wantNothingLeft(t, host)
		})
	}
}
