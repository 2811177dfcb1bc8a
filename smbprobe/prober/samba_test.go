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

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestSambaIsWell probes a server in every dialect, transport and login, and
// checks the whole result.
func TestSambaIsWell(t *testing.T) {
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
					checkWell(t, r, target, s.want, modified, rounds)
					if got := samba.Logins() - logins; got != 1 {
						t.Errorf("%d logins, want 1", got)
					}
				})
			}
		})
	}
}

func checkWell(t *testing.T, r *smbprobe.Result, target smbprobe.Target, server smb.ServerInfo, modified time.Time, rounds int) {
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
		cmpopts.IgnoreFields(smbprobe.PhonebookResult{}, "Entries", "Intact", "Links", "Findings", "Counts", "Dialed")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if r.ClockOffset == nil || r.ClockOffset.Abs() > 2*time.Second {
		t.Errorf("clock offset %v, want about 0", r.ClockOffset)
	}
	if r.Duration <= 0 || r.Timeout <= r.Duration || r.Timeout > patience {
		t.Errorf("took %s of %s, want something of %s", r.Duration, r.Timeout, patience)
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
			t.Errorf("the result has the password in it: %s", printed)
		}
	}
}

// TestShareIsRemovedAndRestored while the Prober lives.
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
