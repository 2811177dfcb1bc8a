package smbtest

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// The account that every test server has. On Samba it is an administrator.
const (
	Username = "rasphone"
	Password = "Pa$$w0rd-1998"
)

// UsernamePlain is an account of Samba that is not an administrator, see AddPlainUser.
const UsernamePlain = "plain"

// plainUnixUser is the Unix account of UsernamePlain: one that every Linux system has and that
// is not Samba's guest.
const plainUnixUser = "daemon"

const (
	sambaDomain      = "TESTDOM"
	sambaNetBIOSName = "EXCH01"

	adminShare = "ADMIN$"
	driveShare = "C$"
	driveName  = "c"
	rootName   = "WINNT"
)

// Samba is a private Samba server on 127.0.0.1. It accepts direct TCP and NetBIOS sessions, for
// any called name, on one port. The share ADMIN$ is the folder Root, which has a sound phone
// book; C$ is the folder above.
type Samba struct {
	t       testing.TB
	options SambaOptions
	dir     string
	port    uint16
	cmd     *exec.Cmd
	exited  chan struct{} // closed when smbd has ended
}

// StartSamba starts smbd and waits until it accepts connections. The end of the test stops it
// and its helper processes. It does not need root: the account is mapped to the user who runs
// the test.
func StartSamba(t testing.TB, o SambaOptions) *Samba {
	t.Helper()
	smbd := needProgram(t, "smbd", "samba")
	me, err := user.Current()
	if err != nil {
		t.Fatalf("looking up the user who runs the test: %v", err)
	}
	s := &Samba{t: t, options: o, dir: shortTempDir(t), port: freePort(t), exited: make(chan struct{})}
	// Guests are the user nobody, who has to reach the shares.
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatalf("opening Samba's folder to guests: %v", err)
	}
	for _, folder := range sambaFolders {
		makeDirs(t, filepath.Join(s.dir, folder.name))
	}
	makeDirs(t, filepath.Dir(s.PhonebookPath()))
	s.WritePhonebook(Phonebook())
	writeFile(t, filepath.Join(s.dir, "users.map"), fmt.Appendf(nil, "%s = %s\n%s = %s\n", me.Username, Username, plainUnixUser, UsernamePlain))
	s.writeConf(true)
	s.setPassword(me.Username, Password)

	s.cmd = exec.Command(smbd, "--foreground", "--configfile="+s.confPath())
	var output bytes.Buffer // read once smbd has ended
	s.cmd.Stdout, s.cmd.Stderr = &output, &output
	// smbd ends when its standard input does, so that it does not outlive a test
	// process that was killed.
	if _, err := s.cmd.StdinPipe(); err != nil {
		t.Fatalf("starting smbd: %v", err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("starting smbd: %v", err)
	}
	go func() {
		defer close(s.exited)
		_ = s.cmd.Wait() // killed at the end: its exit status is meaningless
	}()
	t.Cleanup(s.stop)

	up := waitUntil(startTimeout, func() bool { return s.ended() || answers(s.Addr()) })
	if !up || s.ended() {
		s.stop()
		t.Fatalf("smbd does not accept connections on %s:\n%s%s", s.Addr(), output.String(), s.Log())
	}
	return s
}

func (s *Samba) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// stop kills smbd and its helpers (samba-dcerpcd, rpcd_*). The helpers run in their own
// sessions and outlive smbd, but all have the configuration file in their arguments.
func (s *Samba) stop() {
	killAll(s.t, s.confPath())
	<-s.exited
}

func (s *Samba) confPath() string { return filepath.Join(s.dir, "smb.conf") }

func (s *Samba) writeConf(admin bool, adminLines ...string) {
	s.t.Helper()
	writeFile(s.t, s.confPath(), s.options.conf(s.dir, s.port, admin, adminLines))
}

// Addr returns the address that the server listens on.
func (s *Samba) Addr() netip.AddrPort { return loopback(s.port) }

// Port returns the TCP port that the server listens on.
func (s *Samba) Port() uint16 { return s.port }

// NetBIOSName returns the server's own name.
func (s *Samba) NetBIOSName() string { return sambaNetBIOSName }

// Domain returns the server's workgroup.
func (s *Samba) Domain() string { return sambaDomain }

// Credentials returns the account's credentials, for NTLMv2.
func (s *Samba) Credentials() smb.Credentials {
	return smb.Credentials{Username: Username, Domain: sambaDomain, Password: secret.New(Password)}
}

// Root returns the folder behind the share ADMIN$.
func (s *Samba) Root() string { return filepath.Join(s.dir, driveName, rootName) }

// PhonebookPath returns the phone book's path in the local file system.
func (s *Samba) PhonebookPath() string {
	return filepath.Join(s.Root(), "System32", "Ras", "rasphone.pbk")
}

// WritePhonebook replaces the phone book.
func (s *Samba) WritePhonebook(content []byte) {
	s.t.Helper()
	writeFile(s.t, s.PhonebookPath(), content)
}

// Log returns the log of smbd so far.
func (s *Samba) Log() string {
	content, err := os.ReadFile(filepath.Join(s.dir, "log.smbd"))
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// Logins returns the number of login attempts, successful or not, including anonymous ones.
func (s *Samba) Logins() int {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, "auth.log"))
	if os.IsNotExist(err) {
		return 0 // smbd creates the file at the first login
	}
	if err != nil {
		s.t.Fatalf("reading the logins that smbd logged: %v", err)
	}
	return strings.Count(string(content), `"type": "Authentication"`)
}
