package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
		{"no target: all of them", []string{"--config.file=" + configFile}, 2, "OK " + target + ": ", ""},
		{"no target and no configuration", []string{"--username=a"}, 3, "", "--username needs targets"},
		{"another target's module", []string{"--config.file=" + configFile, "--module=other", target}, 3, "", "module is not one of this target's"},
		{"unknown flag", []string{"--password=x", target}, 3, "", "no flag takes a password"},
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

// TestProbeDemo: it probes the servers named, or all of them, and keeps no lockout file.
func TestProbeDemo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	capture := filepath.Join(t.TempDir(), "demo.pcap")
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    []string
		err    string
	}{
		{"two", []string{"healthy.demo", "share-removed.demo", "--capture=" + capture}, 2, []string{"OK healthy.demo: ", "CRITICAL share-removed.demo: "}, ""},
		{"all", []string{"--timeout=5s"}, 2, []string{"OK healthy.demo: ", "CRITICAL share-removed.demo: ", "book-missing.demo: "}, ""},
		{"another host", []string{"exch01.corp.example"}, 3, nil, "not a server of the demo"},
		{"with a configuration", []string{"--config.file=x"}, 3, nil, "leave --config.file"},
		{"with an account", []string{"--username=x"}, 3, nil, "leave --config.file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			status := run(t.Context(), append([]string{"probe", "--demo"}, test.args...), strings.NewReader(""), &out, &err)
			if status != test.status || !strings.Contains(err.String(), test.err) {
				t.Errorf("exit status %d, expected %d\n%s\n%s", status, test.status, &out, &err)
			}
			for _, want := range test.out {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
		})
	}
	if info, err := os.Stat(capture); err != nil || info.Size() < 1000 {
		t.Errorf("capture: %v, %v", info, err)
	}
	if left, err := os.ReadDir(os.Getenv("XDG_CACHE_HOME")); err != nil || len(left) > 0 {
		t.Errorf("left in the cache: %v, %v", left, err)
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
		{"version as a command", []string{"version"}, 0, "rasphone_exporter, version"},
		{"an address that is none", []string{"--config.file=" + good, "--web.listen-address=127.0.0.1:99999"}, 1, "--web.listen-address 127.0.0.1:99999"},
		{"no socket of systemd", []string{"--config.file=" + good, "--web.systemd-socket"}, 1, "systemd has passed no socket"},
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

// TestProbeCapture: the file of --capture is a pcap, which its owner alone may read if it is
// new. One that is there keeps its mode.
func TestProbeCapture(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	configFile := writeConfig(t, samba, samba.Addr().String())
	folder := t.TempDir()
	existing := filepath.Join(folder, "existing.pcap")
	writeFile(t, existing, strings.Repeat("what was there before", 10_000))
	if err := os.Chmod(existing, 0o644); err != nil {
		t.Fatal(err)
	}
	for file, mode := range map[string]os.FileMode{existing: 0o644, filepath.Join(folder, "new.pcap"): 0o600} {
		var out, errOut bytes.Buffer
		if status := run(t.Context(), []string{"probe", "--config.file=" + configFile, "--capture=" + file, samba.Addr().String()}, strings.NewReader(""), &out, &errOut); status != 0 {
			t.Errorf("exit status %d\n%s\n%s", status, &out, &errOut)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode {
			t.Errorf("mode %o, want %o", info.Mode().Perm(), mode)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const magic = "\xd4\xc3\xb2\xa1" // of a pcap, little-endian
		if !bytes.HasPrefix(content, []byte(magic)) || !bytes.Contains(content, []byte("\xFFSMB\x73")) || bytes.Contains(content, []byte("before")) {
			t.Errorf("not a pcap with a session setup and nothing else: %d bytes", len(content))
		}
	}
}

// TestCaptureOpensFilesOnly: nothing is written through a link, to a device or to a pipe.
func TestCaptureOpensFilesOnly(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	writeFile(t, in("precious"), "precious")
	if err := errors.Join(
		os.Symlink("precious", in("link")),
		os.Symlink("not there", in("dangling")),
		os.Symlink(os.DevNull, in("device")),
		os.Mkdir(in("folder"), 0o700),
		syscall.Mkfifo(in("pipe"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "dangling", "device", "folder", "pipe"} {
		var out, errOut bytes.Buffer
		t.Setenv(passwordVariable, "hunter2")
		status := run(t.Context(), []string{"probe", "--username=u", "--capture=" + in(name), "127.0.0.1:1"}, strings.NewReader(""), &out, &errOut)
		if status != exitUsage || !strings.Contains(errOut.String(), "not a regular file") {
			t.Errorf("%s: exit status %d\n%s\n%s", name, status, &out, &errOut)
		}
	}
	content, err := os.ReadFile(in("precious"))
	if err != nil || string(content) != "precious" {
		t.Errorf("the link's target holds %q, %v", content, err)
	}
	if _, err := os.Lstat(in("not there")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file that a link names was made: %v", err)
	}
}
