package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

func TestProbeCommand(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.WritePhonebook(smbtest.Phonebook())
	creds := samba.Credentials()
	target, closed := samba.Addr().String(), "127.0.0.1:1"
	configFile := writeConfig(t, samba, target, closed)
	passwordFile := filepath.Join(filepath.Dir(configFile), "corp.password")
	t.Setenv(passwordVariable, creds.Password.Reveal())

	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    string // the output begins with it
		err    string // standard error holds it
	}{
		{"with a configuration", []string{"--config.file=" + configFile, target}, 0, "OK " + target + ": the share is open and the phone book is sound", ""},
		{"a closed port, in order", []string{"--config.file=" + configFile, closed, target}, 2, "CRITICAL " + closed + ": ", ""},
		{"account typed, password from the environment", []string{"--username=" + creds.Username, "--domain=" + creds.Domain, target}, 1, "WARNING ", ""},
		{"account typed, password from a file", []string{"--username=" + creds.Username, "--password-file=" + passwordFile, target}, 1, "WARNING " + target + ": The Internet Mail Service (MSExchangeIMC) is not installed", ""},
		{"wrong account", []string{"--username=nobody-there", target}, 1, "WARNING " + target + ": ", ""},
		{"metrics", []string{"--output=metrics", "--config.file=" + configFile, target}, 0, "# HELP probe_duration_seconds", ""},
		{"JSON", []string{"--output=json", "--config.file=" + configFile, target, closed}, 2, "[\n  {\n    \"target\": \"" + target + "\",\n", ""},
		{"a dialed entry", []string{"--config.file=" + configFile, "--dialed-entry=Internet Dial-Up", target}, 0, "OK ", ""},
		{"a dialed entry that is not there", []string{"--config.file=" + configFile, "--dialed-entry=Gone", target}, 2, "CRITICAL " + target + ": ", ""},
		{"not in the configuration", []string{"--config.file=" + configFile, "127.0.0.1:2"}, 3, "", "127.0.0.1:2"},
		{"unknown module", []string{"--config.file=" + configFile, "--module=nope", target}, 3, "", "nope"},
		{"no configuration", []string{"--config.file=" + configFile + ".none", target}, 3, "", "--username"},
		{"both", []string{"--config.file=" + configFile, "--username=a", target}, 3, "", "--username is for a probe without"},
		{"no target", []string{"--config.file=" + configFile}, 3, "", "target"},
		{"unknown flag", []string{"--password=x", target}, 3, "", "unknown long flag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			status := run(t.Context(), append([]string{"probe"}, test.args...), strings.NewReader(""), &out, &err)
			if status != test.status || !strings.HasPrefix(out.String(), test.out) || !strings.Contains(err.String(), test.err) {
				t.Errorf("exit status %d, expected %d\n%s\n%s", status, test.status, &out, &err)
			}
			if strings.Contains(out.String()+err.String(), creds.Password.Reveal()) {
				t.Errorf("shows the password:\n%s\n%s", &out, &err)
			}
		})
	}
}

func TestPasswordIsAskedForOnATerminalOnly(t *testing.T) {
	var out, err bytes.Buffer
	status := run(t.Context(), []string{"probe", "--username=a", "exch01"}, strings.NewReader("secret\n"), &out, &err)
	if status != exitUsage || !strings.Contains(err.String(), passwordVariable) {
		t.Errorf("exit status %d\n%s", status, &err)
	}
}

func TestUsage(t *testing.T) {
	folder := t.TempDir()
	good := filepath.Join(folder, "good.yml")
	writeFile(t, good, "auths: {a: {username: u, password: p}}\ntargets: [{hosts: [exch01], auth: a}]\n")
	bad := filepath.Join(folder, "bad.yml")
	writeFile(t, bad, "auths: {}\ntargets: [{hosts: [exch01], auth: a}]\n")
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"help", []string{"--help"}, 0, "usage: rasphone_exporter"},
		{"version", []string{"--version"}, 0, "rasphone_exporter, version"},
		{"unknown command", []string{"dance"}, 3, "dance"},
		{"good configuration", []string{"--config.check", "--config.file=" + good}, 0, "The configuration is sound"},
		{"bad configuration", []string{"--config.check", "--config.file=" + bad}, 1, "bad.yml:2"},
		{"no configuration", []string{"--config.file=" + bad + ".none"}, 1, "no such file"},
		{"bad external address", []string{"--config.file=" + good, "--web.external-address=ftp://x"}, 1, "ftp"},
		{"bad limit", []string{"--config.file=" + good, "--probe.max-concurrent=0"}, 1, "concurrent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			status := run(t.Context(), test.args, strings.NewReader(""), &out, &err)
			if status != test.status || !strings.Contains(out.String()+err.String(), test.want) {
				t.Errorf("exit status %d, expected %d\n%s\n%s", status, test.status, &out, &err)
			}
		})
	}
}

// TestProbeCapture: the file of --capture is a pcap that its owner alone may read.
func TestProbeCapture(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	configFile := writeConfig(t, samba, samba.Addr().String())
	file := filepath.Join(t.TempDir(), "probe.pcap")
	writeFile(t, file, "what was there before")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if status := run(t.Context(), []string{"probe", "--config.file=" + configFile, "--capture=" + file, samba.Addr().String()}, strings.NewReader(""), &out, &errOut); status != 0 {
		t.Errorf("exit status %d\n%s\n%s", status, &out, &errOut)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode().Perm())
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const magic = "\xd4\xc3\xb2\xa1" // of a pcap, little-endian
	if !bytes.HasPrefix(content, []byte(magic)) || !bytes.Contains(content, []byte("\xFFSMB\x73")) {
		t.Errorf("no pcap with a session setup: %d bytes", len(content))
	}
}
