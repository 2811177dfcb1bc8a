package prober_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestConduct: what a server receives in a probe.
func TestConduct(t *testing.T) {
	t.Parallel()
	for _, ntlm := range []string{"v1", "v2"} {
		for _, mpx := range []uint16{0, 1, 2, 50} {
			t.Run(fmt.Sprintf("NTLM%s, MaxMpxCount %d", ntlm, mpx), func(t *testing.T) {
				t.Parallel()
				script := peer.Healthy(bookOf(40_000)) // ten reads
				script.Negotiate.MaxMpxCount = mpx
				server := peer.Start(t, script)
				s := direct(server.Addr())
				s.ntlm = ntlm
				p := newProber(t, prober.Options{})
				p.CountFlights()
				r := probe(t, p, s.target(t))
				wantOutcome(t, "probe", allWell(), r)
				conns := server.Finished()
				if len(conns) != 1 {
					t.Fatalf("%d connections, want 1", len(conns))
				}
				c := conns[0]
				checkConduct(t, c, int(max(mpx, 1)))
				counts := map[peer.Step]int{}
				for _, command := range c.Commands {
					counts[command]++
				}
				want := map[peer.Step]int{
					peer.StepNegotiate: 1, peer.StepSessionSetup: 1, peer.StepTreeConnect: 1, peer.StepOpen: 1,
					peer.StepRead: 10, peer.StepClose: 1, peer.StepTreeDisconnect: 1, peer.StepLogoff: 1,
				}
				if diff := cmp.Diff(want, counts); diff != "" {
					t.Errorf("commands (-want +got):\n%s", diff)
				}
				if last := c.Commands[len(c.Commands)-1]; last != peer.StepLogoff {
					t.Errorf("the last command is %s, want %s", last, peer.StepLogoff)
				}
				if mpx >= 50 && r.RoundTrips != 7 {
					t.Errorf("%d round trips, want 7: eight reads are in flight together", r.RoundTrips)
				}
			})
		}
	}
}

// checkConduct checks what must hold for every connection.
func checkConduct(t *testing.T, c peer.Connection, mpx int) {
	t.Helper()
	if len(c.Malformed) > 0 {
		t.Errorf("malformed: %q", c.Malformed)
	}
	if c.MaxInFlight > mpx {
		t.Errorf("%d requests in flight, but the server allows %d", c.MaxInFlight, mpx)
	}
	if !c.Ended {
		t.Error("the connection was not closed")
	}
	if len(c.Logins) != 1 {
		t.Fatalf("%d logins, want 1", len(c.Logins))
	}
	login := c.Logins[0]
	if login.VcNumber == 0 {
		t.Error("VcNumber 0, which drops other sessions of this host")
	}
	if int(login.MaxMpxCount) > mpx {
		t.Errorf("MaxMpxCount %d, but the server offers %d", login.MaxMpxCount, mpx)
	}
	if bytes.Contains(login.NTResponse, []byte(smbtest.Password)) || bytes.Contains(login.LMResponse, []byte(smbtest.Password)) {
		t.Error("the password is sent")
	}
}

// TestDOSErrors: a server answers with error class and code.
func TestDOSErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*peer.Script)
		want   outcome
	}{
		{"no error", func(*peer.Script) {}, allWell()},
		{"ERRbadpw", func(s *peer.Script) { s.Login.Status = peer.DOS(2, 2) }, share(smbprobe.ShareLoginFailed, smb.StatusWrongPassword)},
		{"ERRbadshare", func(s *peer.Script) { s.Shares["ADMIN$"] = peer.DOS(2, 6) }, share(smbprobe.ShareMissing, smb.StatusBadNetworkName)},
		{"ERRnoaccess", func(s *peer.Script) { s.Shares["ADMIN$"] = peer.DOS(1, 5) }, share(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)},
		{"ERRpaused", func(s *peer.Script) { s.Shares["ADMIN$"] = peer.DOS(1, 70) }, share(smbprobe.ShareServerPaused, smb.StatusSharingPaused)},
		{"ERRreqnotaccep", func(s *peer.Script) { s.Shares["ADMIN$"] = peer.DOS(1, 71) },
			share(smbprobe.ShareServerFull, smb.StatusRequestNotAccepted)},
		{"ERRbadfile", func(s *peer.Script) { s.Missing, s.Files = peer.DOS(1, 2), nil }, book(smbprobe.PhonebookMissing)},
		{"ERRbadpath", func(s *peer.Script) { s.Missing, s.Files = peer.DOS(1, 3), nil }, book(smbprobe.PhonebookFolderMissing)},
		{"ERRnoaccess of the file", func(s *peer.Script) { s.Files[peer.PhonebookPath] = peer.File{OpenStatus: peer.DOS(1, 5)} },
			book(smbprobe.PhonebookAccessDenied)},
		{"ERRbadshare of the file", func(s *peer.Script) { s.Files[peer.PhonebookPath] = peer.File{OpenStatus: peer.DOS(1, 32)} },
			book(smbprobe.PhonebookLocked)},
		{"ERRlock", func(s *peer.Script) {
			s.Files[peer.PhonebookPath] = peer.File{Content: []byte("[X]"), ReadStatus: peer.DOS(1, 33)}
		},
			book(smbprobe.PhonebookLocked)},
		{"ERRdata", func(s *peer.Script) {
			s.Files[peer.PhonebookPath] = peer.File{Content: []byte("[X]"), ReadStatus: peer.DOS(3, 23)}
		},
			book(smbprobe.PhonebookDiskError)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := peer.Healthy(smbtest.Phonebook())
			script.DOSErrors = true
			script.Negotiate.Capabilities &^= peer.CapUnicode | peer.CapStatus32
			tt.change(&script)
			server := peer.Start(t, script)
			wantOutcome(t, tt.name, tt.want, probeOnce(t, direct(server.Addr())))
			for _, c := range server.Finished() {
				checkConduct(t, c, 50)
			}
		})
	}
}

// TestOEMStrings: a server without Unicode.
func TestOEMStrings(t *testing.T) {
	t.Parallel()
	script := peer.Healthy(smbtest.Phonebook())
	script.Negotiate.Capabilities &^= peer.CapUnicode
	script.NetBIOS = &peer.NetBIOS{}
	r := probeOnce(t, site{hosts: []string{peer.Start(t, script).Addr().String()}, module: []string{"transport: netbios"}})
	wantOutcome(t, "OEM", allWell(), r)
	if r.Server == nil || r.Server.OS != "Windows NT 4.0" || r.Server.Domain != "TESTDOM" {
		t.Errorf("server %+v", r.Server)
	}
}

// TestRestrictedAccounts: the statuses that a login is refused with.
func TestRestrictedAccounts(t *testing.T) {
	t.Parallel()
	for status, want := range map[smb.Status]smbprobe.ShareState{
		smb.StatusAccountDisabled:       smbprobe.ShareAccountRestricted,
		smb.StatusAccountLockedOut:      smbprobe.ShareAccountRestricted,
		smb.StatusInvalidLogonHours:     smbprobe.ShareAccountRestricted,
		smb.StatusInvalidWorkstation:    smbprobe.ShareAccountRestricted,
		smb.StatusPasswordExpired:       smbprobe.ShareAccountRestricted,
		smb.StatusLogonTypeNotGranted:   smbprobe.ShareAccountRestricted,
		smb.StatusLogonFailure:          smbprobe.ShareLoginFailed,
		smb.StatusNoLogonServers:        smbprobe.ShareLoginFailed,
		smb.StatusTooManySessions:       smbprobe.ShareServerFull,
		smb.StatusInsuffServerResources: smbprobe.ShareOutOfResources,
		smb.StatusTrustedDomainFailure:  smbprobe.ShareLoginFailed,
		smb.StatusSMBBadCommand:         smbprobe.ShareProtocolError,
	} {
		script := peer.Healthy(smbtest.Phonebook())
		script.Login.Status = peer.Status(status)
		server := peer.Start(t, script)
		wantOutcome(t, status.Name(), share(want, status), probeOnce(t, direct(server.Addr())))
		for _, c := range server.Finished() {
			if len(c.Logins) != 1 {
				t.Errorf("%s: %d logins, want 1", status, len(c.Logins))
			}
		}
	}
}
