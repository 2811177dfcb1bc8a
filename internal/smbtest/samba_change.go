package smbtest

import (
	"bufio"
	_ "embed"
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// RemoveShare removes ADMIN$ for new connections.
func (s *Samba) RemoveShare() {
	s.t.Helper()
	s.writeConf(false)
	s.reload()
}

// RestoreShare restores ADMIN$ as it was at the start.
func (s *Samba) RestoreShare() {
	s.t.Helper()
	s.writeConf(true)
	s.reload()
}

// DenyShare reserves ADMIN$ for another account: STATUS_ACCESS_DENIED at the tree connect.
func (s *Samba) DenyShare() {
	s.t.Helper()
	s.writeConf(true, "valid users = another")
	s.reload()
}

// WithdrawShare makes ADMIN$ unavailable: Samba answers as if it did not exist.
func (s *Samba) WithdrawShare() {
	s.t.Helper()
	s.writeConf(true, "available = no")
	s.reload()
}

// LimitShare limits the connections to ADMIN$ at a time; one more is
// STATUS_INSUFFICIENT_RESOURCES.
func (s *Samba) LimitShare(connections int) {
	s.t.Helper()
	s.writeConf(true, fmt.Sprintf("max connections = %d", connections))
	s.reload()
}

// reload makes smbd read its configuration, and returns when it has: smbd handles messages in
// order, so that it answers the ping after the reload. New connections then get a process with
// the new configuration.
func (s *Samba) reload() {
	s.t.Helper()
	smbcontrol := needProgram(s.t, "smbcontrol", "samba")
	options := []string{"--configfile=" + s.confPath(), fmt.Sprintf("--timeout=%d", int(startTimeout.Seconds())), "smbd"}
	runProgram(s.t, "", smbcontrol, append(options, "reload-config")...)
	if pong := runProgram(s.t, "", smbcontrol, append(options, "ping")...); !strings.Contains(pong, "PONG") {
		s.t.Fatalf("smbd does not confirm that it has read its configuration: %q", pong)
	}
}

// SetPassword changes the password of the account.
func (s *Samba) SetPassword(password string) {
	s.t.Helper()
	me, err := user.Current()
	if err != nil {
		s.t.Fatalf("looking up the user who runs the test: %v", err)
	}
	s.setPassword(me.Username, password)
}

// LockAfter makes the server lock an account after so many refused logins.
func (s *Samba) LockAfter(refusals int) {
	s.t.Helper()
	pdbedit := needProgram(s.t, "pdbedit", "samba")
	runProgram(s.t, "", pdbedit, "--configfile="+s.confPath(), "-P", "bad lockout attempt", "-C", strconv.Itoa(refusals))
}

// Locked reports whether the server has locked the account of the tests.
func (s *Samba) Locked() bool {
	s.t.Helper()
	me, err := user.Current()
	if err != nil {
		s.t.Fatalf("looking up the user who runs the test: %v", err)
	}
	pdbedit := needProgram(s.t, "pdbedit", "samba")
	output := runProgram(s.t, "", pdbedit, "--configfile="+s.confPath(), "-Lw", me.Username)
	fields := strings.Split(strings.TrimSpace(output), ":")
	if len(fields) < 5 || !strings.HasPrefix(fields[4], "[") {
		s.t.Fatalf("pdbedit -Lw %s: %q", me.Username, output)
	}
	return strings.Contains(fields[4], "L") // of [ULX        ]: user, locked, no expiry
}

// AddPlainUser adds the account UsernamePlain and returns its credentials. It is not an
// administrator: ADMIN$ is STATUS_ACCESS_DENIED at the tree connect, the event log at the open,
// and IPC$ is allowed.
func (s *Samba) AddPlainUser() smb.Credentials {
	s.t.Helper()
	s.setPassword(plainUnixUser, Password)
	return smb.Credentials{Username: UsernamePlain, Domain: sambaDomain, Password: secret.New(Password)}
}

func (s *Samba) setPassword(unixUser, password string) {
	s.t.Helper()
	pdbedit := needProgram(s.t, "pdbedit", "samba")
	runProgram(s.t, password+"\n"+password+"\n", pdbedit,
		"--configfile="+s.confPath(), "--create", "--password-from-stdin", "--user="+unixUser)
}

//go:embed hold_file.py
var holdFile string

// HoldFile opens a file of ADMIN$ exclusively as another client until the end of the test: for
// others, reading it is STATUS_SHARING_VIOLATION.
func (s *Samba) HoldFile(path string) {
	s.t.Helper()
	cmd := exec.Command(impacketPython, "-c", holdFile, strconv.Itoa(int(s.port)), Username, Password, sambaDomain, adminShare, path)
	var stderr strings.Builder // read once the client has ended
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe() // its end ends the client
	if err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		_ = cmd.Wait() // its output says more
		s.t.Fatalf("a client cannot hold %s: %s", path, stderr.String())
	}
	s.t.Cleanup(func() {
		_ = stdin.Close() // fails if the client has ended, which Wait reports
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("the client that held %s: %v\n%s", path, err, stderr.String())
		}
	})
}
