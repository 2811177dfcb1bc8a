package smbtest

import (
	"fmt"
	"os/user"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// RemoveShare takes ADMIN$ away: the share is not there for who connects from now on.
func (s *Samba) RemoveShare() {
	s.t.Helper()
	s.writeConf(false)
	s.reload()
}

// RestoreShare brings ADMIN$ back as it was at the start.
func (s *Samba) RestoreShare() {
	s.t.Helper()
	s.writeConf(true)
	s.reload()
}

// DenyShare leaves ADMIN$ to another account: STATUS_ACCESS_DENIED at the tree
// connect.
func (s *Samba) DenyShare() {
	s.t.Helper()
	s.writeConf(true, "valid users = nobodyelse")
	s.reload()
}

// WithdrawShare makes ADMIN$ unavailable: Samba answers as if it were not there.
func (s *Samba) WithdrawShare() {
	s.t.Helper()
	s.writeConf(true, "available = no")
	s.reload()
}

// LimitShare allows so many connections to ADMIN$ at a time; the next one is
// STATUS_INSUFFICIENT_RESOURCES.
func (s *Samba) LimitShare(connections int) {
	s.t.Helper()
	s.writeConf(true, fmt.Sprintf("max connections = %d", connections))
	s.reload()
}

// reload makes smbd read its configuration, and returns when it has: smbd takes
// its messages in order, so the answer to the ping comes after the reload. Who
// connects then is served by a process with the new configuration.
func (s *Samba) reload() {
	s.t.Helper()
	smbcontrol := needProgram(s.t, "smbcontrol", "samba")
	options := []string{"--configfile=" + s.confPath(), fmt.Sprintf("--timeout=%d", int(startTimeout.Seconds())), "smbd"}
	runProgram(s.t, "", smbcontrol, append(options, "reload-config")...)
	if pong := runProgram(s.t, "", smbcontrol, append(options, "ping")...); !strings.Contains(pong, "PONG") {
		s.t.Fatalf("smbd does not say that it has read its configuration: %q", pong)
	}
}

// SetPassword changes the password of the account.
func (s *Samba) SetPassword(password string) {
	s.t.Helper()
	me, err := user.Current()
	if err != nil {
		s.t.Fatalf("asking who runs the test: %v", err)
	}
	s.setPassword(me.Username, password)
}

// AddPlainUser makes the account UsernamePlain and returns what logs in with it. It is
// no administrator: ADMIN$ is STATUS_ACCESS_DENIED at the tree connect, the event log
// at the open, IPC$ is open to it.
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
