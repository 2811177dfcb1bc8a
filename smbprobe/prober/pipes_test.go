package prober_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestPipesThatFail: what the failures to open pipes show of a server. No program serves the
// pipes of these servers.
func TestPipesThatFail(t *testing.T) {
	t.Parallel()
	pipes := []string{"eventlog", "winreg", "svcctl", "srvsvc"}
	for _, test := range []struct {
		name    string
		status  smb.Status // of each open
		opens   int        // how often it comes, 0: always
		only    string     // the pipe that it comes from; empty: all
		share   smbprobe.ShareState
		rpc     smbprobe.RPCState
		causes  []string
		tries   int // opens of eventlog
		success bool
	}{
		{"services.exe is gone", smb.StatusObjectNameNotFound, 0, "", smbprobe.ShareOK, smbprobe.RPCDead, []string{"critical services_exe_not_answering"}, 1, true},
		{"never a free instance", smb.StatusPipeNotAvailable, 0, "", smbprobe.ShareOK, smbprobe.RPCDead, []string{"critical services_exe_not_answering"}, 4, true},
		{"refused", smb.StatusAccessDenied, 0, "", smbprobe.ShareOK, "", []string{"warning rpc_refused"}, 1, true},
		{"gone, without the share", smb.StatusObjectNameNotFound, 0, "", smbprobe.ShareMissing, "", []string{"critical admin_share_missing"}, 1, true},
		{"one is refused", smb.StatusAccessDenied, 0, "winreg", smbprobe.ShareOK, "", []string{"warning rpc_refused"}, 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			script := peer.Healthy(smbtest.Phonebook())
			if test.share == smbprobe.ShareMissing {
				delete(script.Shares, "ADMIN$")
			}
			for _, name := range pipes {
				file := peer.File{Pipe: true, OpenStatus: peer.Status(smb.StatusObjectNameNotFound)}
				if test.only == "" || test.only == name {
					file.OpenStatus, file.OpenRefusals = peer.Status(test.status), test.opens
				}
				script.Files[name] = file
			}
			server := peer.Start(t, script)
			r := probeOnce(t, direct(server.Addr(), withEventlog, "server: {registry: true, services: [MSExchangeIMC]}"))
			if r.Share != test.share || r.RPC != test.rpc || r.Success != test.success {
				t.Errorf("share %s, RPC %q, success %t, want %s, %q, %t", r.Share, r.RPC, r.Success, test.share, test.rpc, test.success)
			}
			if diff := cmp.Diff(test.causes, causesOf(r)); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
			if e := r.Eventlog.Readable; e == nil || *e {
				t.Errorf("event log readable: %v, want false", e)
			}
			if readable := r.Registry.Readable; readable == nil || *readable || r.Registry.AutoShareServer != nil {
				t.Errorf("registry %+v, want no values", r.Registry)
			}
			for _, s := range r.Services {
				if s.Installed != nil || s.State != "" || s.Error == "" {
					t.Errorf("service %+v, want no values, and an error", s)
				}
			}
			tries := 0
			for _, line := range r.Trace.Lines() {
				if strings.Contains(line, "open eventlog: ") && strings.Contains(line, ", round trip") {
					tries++
				}
			}
			if tries != test.tries {
				t.Errorf("%d opens of the pipe eventlog, want %d", tries, test.tries)
			}
		})
	}
}

// TestPipeNotAvailableAtFirst: an NT server makes the instances of a pipe one by one.
func TestPipeNotAvailableAtFirst(t *testing.T) {
	t.Parallel()
	script := peer.Healthy(smbtest.Phonebook())
	script.Files["winreg"] = peer.File{Pipe: true, OpenStatus: peer.Status(smb.StatusPipeNotAvailable), OpenRefusals: 5}
	r := probeOnce(t, direct(peer.Start(t, script).Addr(), "server: {registry: true, services: []}"))
	trace := strings.Join(r.Trace.Lines(), "\n")
	if refused, opened := strings.Count(trace, "open winreg: STATUS_PIPE_NOT_AVAILABLE"), strings.Count(trace, "open winreg: STATUS_SUCCESS"); refused != 5 || opened != 4 {
		t.Errorf("%d opens refused and %d opened, want 5 and 4", refused, opened)
	}
}

// TestPlainUser: an account that may only log in.
func TestPlainUser(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.AddPlainUser()
	s := direct(samba.Addr(), withEventlog, withServer)
	s.username = smbtest.UsernamePlain
	r := probeOnce(t, s)
	wantOutcome(t, "plain user", share(smbprobe.ShareAccessDenied, smb.StatusAccessDenied), r)
	if diff := cmp.Diff([]string{"warning account_not_administrator", "warning event_log_not_readable"}, causesOf(r)); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if e := r.Eventlog; e.Readable == nil || *e.Readable || e.Status != smb.StatusAccessDenied {
		t.Errorf("event log readable %v, status %s, want no and access denied", e.Readable, e.Status)
	}
}
