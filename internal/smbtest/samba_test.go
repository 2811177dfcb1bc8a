package smbtest_test

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// client is a login with Samba's own client.
type client struct {
	port     uint16
	protocol string // "NT1", "SMB3"
	user     string
	password string
	share    string
	options  []string
}

func account(s *smbtest.Samba, protocol string) client {
	return client{port: s.Port(), protocol: protocol, user: smbtest.Username, password: smbtest.Password, share: "ADMIN$"}
}

func (c client) arguments() []string {
	args := []string{
		"//127.0.0.1/" + c.share, "--port=" + strconv.Itoa(int(c.port)),
		"--user=TESTDOM/" + c.user + "%" + c.password, "--max-protocol=" + c.protocol,
		"--option=client min protocol=NT1", "--option=client use spnego=no",
	}
	for _, option := range c.options {
		args = append(args, "--option="+option)
	}
	return args
}

// read fetches the phone book and returns its content, or the status that
// smbclient names.
func (c client) read(t *testing.T) string {
	t.Helper()
	got := filepath.Join(t.TempDir(), "got")
	args := append(c.arguments(), "--command=get "+smbtest.PhonebookName+" "+got)
	out, _ := exec.CommandContext(t.Context(), "smbclient", args...).CombinedOutput()
	if content, err := os.ReadFile(got); err == nil && len(content) > 0 {
		return string(content)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(word, "NT_STATUS_") {
			return strings.TrimRight(word, ".)")
		}
	}
	return string(out)
}

func TestSambaServesThePhonebook(t *testing.T) {
	book := string(smbtest.Phonebook())
	ntlmv1 := []string{"client ntlmv2 auth=no", "client use spnego=no"}
	tests := []struct {
		name     string
		server   smbtest.SambaOptions
		protocol string
		options  []string
		want     string
	}{
		{name: "SMB1 with NTLMv2", protocol: "NT1", want: book},
		{name: "SMB1 with NTLMv1", protocol: "NT1", options: ntlmv1, want: book},
		{name: "SMB1 with NTLMv1 that is refused", server: smbtest.SambaOptions{NTLMv2Only: true},
			protocol: "NT1", options: ntlmv1, want: "NT_STATUS_LOGON_FAILURE"},
		{name: "SMB1 without raw NTLMv2", server: smbtest.SambaOptions{NoRawNTLMv2: true},
			protocol: "NT1", want: "NT_STATUS_INVALID_PARAMETER"},
		{name: "SMB 2.0.2", server: smbtest.SambaOptions{MinProtocol: "SMB2_02"}, protocol: "SMB2", want: book},
		{name: "SMB 3.1.1 signed and encrypted",
			server:   smbtest.SambaOptions{MinProtocol: "SMB3_11", SigningMandatory: true, Encrypt: true},
			protocol: "SMB3", want: book},
		{name: "no share", server: smbtest.SambaOptions{OmitShares: []string{"ADMIN$"}},
			protocol: "NT1", want: "NT_STATUS_BAD_NETWORK_NAME"},
		{name: "share that is not available", server: smbtest.SambaOptions{ExtraShare: []string{"available = no"}},
			protocol: "NT1", want: "NT_STATUS_BAD_NETWORK_NAME"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := account(smbtest.StartSamba(t, test.server), test.protocol)
			c.options = test.options
			if diff := cmp.Diff(test.want, c.read(t)); diff != "" {
				t.Errorf("phone book or status (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSambaServesBeforeItsHelpers: smbd listens before its notify daemon has registered,
// and on a busy machine clients come in between.
func TestSambaServesBeforeItsHelpers(t *testing.T) {
	const unregister = `
import os, sys, time, tdb
names = tdb.open(sys.argv[1], 0, tdb.DEFAULT, os.O_RDWR, 0o600)
while names.get(b"notify-daemon\0") is None:
    time.sleep(0.01)
names.delete(b"notify-daemon\0")
`
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			s := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
			names := filepath.Join(filepath.Dir(filepath.Dir(s.Root())), "lock", "names.tdb")
			if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", unregister, names).CombinedOutput(); err != nil {
				t.Fatalf("removing the registration of the notify daemon: %v\n%s", err, out)
			}
			if diff := cmp.Diff(string(smbtest.Phonebook()), account(s, protocol).read(t)); diff != "" {
				t.Errorf("phone book or status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSambaChangesWhileItRuns(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{})
	c := account(s, "NT1")
	steps := []struct {
		name   string
		change func()
		want   string
	}{
		{"removed", s.RemoveShare, "NT_STATUS_BAD_NETWORK_NAME"},
		{"restored", s.RestoreShare, string(smbtest.Phonebook())},
		{"denied", s.DenyShare, "NT_STATUS_ACCESS_DENIED"},
		{"withdrawn", s.WithdrawShare, "NT_STATUS_BAD_NETWORK_NAME"},
		{"full", func() { s.LimitShare(1); holdShare(t, c) }, "NT_STATUS_INSUFFICIENT_RESOURCES"},
		{"another book", func() { s.RestoreShare(); s.WritePhonebook([]byte("[Other]\r\n")) }, "[Other]\r\n"},
		{"book missing", func() { removeFile(t, s.PhonebookPath()) }, "NT_STATUS_OBJECT_NAME_NOT_FOUND"},
		{"folder missing", func() { removeFile(t, filepath.Dir(s.PhonebookPath())) }, "NT_STATUS_OBJECT_PATH_NOT_FOUND"},
		{"another password", func() { s.SetPassword("another") }, "NT_STATUS_LOGON_FAILURE"},
	}
	for _, step := range steps {
		step.change()
		if diff := cmp.Diff(step.want, c.read(t)); diff != "" {
			t.Errorf("%s: phone book or status (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestSambaLetsUnknownUsersInAsGuests: smbclient takes a guest session for a login.
func TestSambaLetsUnknownUsersInAsGuests(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{MapToGuest: "Bad User"})
	unknown := account(s, "NT1")
	unknown.user = "nosuch"
	if diff := cmp.Diff(string(smbtest.Phonebook()), unknown.read(t)); diff != "" {
		t.Errorf("unknown user: phone book or status (-want +got):\n%s", diff)
	}
	wrong := account(s, "NT1")
	wrong.password = "wrong"
	if diff := cmp.Diff("NT_STATUS_LOGON_FAILURE", wrong.read(t)); diff != "" {
		t.Errorf("wrong password: phone book or status (-want +got):\n%s", diff)
	}
}

func TestSambaCountsLogins(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{})
	good := account(s, "NT1")
	wrong := good
	wrong.password = "wrong"
	unknown := good
	unknown.user = "nosuch"
	for n, c := range []client{good, wrong, unknown} {
		if got := s.Logins(); got != n {
			t.Errorf("logins before login %d: %d", n+1, got)
		}
		c.read(t)
	}
	if got := s.Logins(); got != 3 {
		t.Errorf("logins = %d, want 3", got)
	}
}

func TestSambaRefusesNetBIOSSessions(t *testing.T) {
	for _, test := range []struct {
		name   string
		server smbtest.SambaOptions
		want   string
	}{
		{"allowed", smbtest.SambaOptions{}, "\x82\x00\x00\x00"},
		{"denied", smbtest.SambaOptions{HostsDeny: "ALL"}, "\x83\x00\x00\x01\x81"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := smbtest.StartSamba(t, test.server)
			conn, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			name := " " + strings.Repeat("CA", 16) + "\x00"
			if _, err := conn.Write([]byte("\x81\x00\x00\x44" + name + name)); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 16)
			n, err := conn.Read(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got[:n])); diff != "" {
				t.Errorf("answer to the session request (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSambaLeavesNothing starts the helpers that outlive smbd.
func TestSambaLeavesNothing(t *testing.T) {
	var root string
	t.Run("server", func(t *testing.T) {
		s := smbtest.StartSamba(t, smbtest.SambaOptions{})
		root = s.Root()
		out, err := exec.CommandContext(t.Context(), "rpcclient", "127.0.0.1", "--port="+strconv.Itoa(int(s.Port())),
			"--user=TESTDOM/"+smbtest.Username+"%"+smbtest.Password,
			"--option=client min protocol=NT1", "--command=srvinfo").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "EXCH01") {
			t.Fatalf("asking the server for its name: %v\n%s", err, out)
		}
		helpers := slices.ContainsFunc(processesOf(t, root), func(line string) bool {
			return strings.Contains(line, "samba-dcerpcd")
		})
		if !helpers {
			t.Fatal("Samba's helpers do not run, so that this test proves nothing")
		}
	})
	if left := processesOf(t, root); len(left) > 0 {
		t.Errorf("these processes are left: %q", left)
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

// holdShare keeps a connection to the share until the end of the test.
func holdShare(t *testing.T, c client) {
	t.Helper()
	cmd := exec.Command("smbclient", c.arguments()...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the client that held the share: %v", err)
		}
	})
	// It runs the command once the share is connected.
	const word = "holding"
	if _, err := stdin.Write([]byte("!echo " + word + "\n")); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.HasSuffix(lines.Text(), word) {
			return
		}
	}
	t.Fatalf("the client that is to hold the share has ended: %v", lines.Err())
}

func removeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// processesOf returns the command lines that name the server's folder.
func processesOf(t *testing.T, root string) []string {
	t.Helper()
	dir := filepath.Dir(filepath.Dir(root))
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range lines {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), dir) {
			found = append(found, string(line))
		}
	}
	return found
}
