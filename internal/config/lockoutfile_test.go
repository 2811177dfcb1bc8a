package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestLockoutFile(t *testing.T) {
	const rest = "auths: {a: {username: u, password_file: a.password}}\ntargets: [{hosts: [h], auth: a}]\n"
	folder, cache := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(folder, "a.password"), "hunter2", 0o600)
	t.Setenv("XDG_CACHE_HOME", cache)
	file := filepath.Join(folder, "rasphone.yml")
	const taken = "is the configuration or a password file; write the path of a file of its own"
	for _, tt := range []struct {
		name, key, stateDirectory string
		want, wantErr             string
	}{
		{"relative", "lockout_file: lockout.json\n", "/ignored", filepath.Join(folder, "lockout.json"), ""},
		{"relative, in a folder", "lockout_file: state/../run/l\n", "", filepath.Join(folder, "run", "l"), ""},
		{"absolute", "lockout_file: /var/lib/x/lockout.json\n", "", "/var/lib/x/lockout.json", ""},
		{"none", "lockout_file: none\n", "/var/lib/x", "", ""},
		{"a file of that name", "lockout_file: ./none\n", "", filepath.Join(folder, "none"), ""},
		{"a service of systemd", "", "/var/lib/x", "/var/lib/x/lockout.json", ""},
		{"a service with two folders", "", "/var/lib/x:/var/lib/y", "/var/lib/x/lockout.json", ""},
		{"a user", "", "", filepath.Join(cache, "rasphone_exporter", "lockout.json"), ""},
		{"a key without a value", "lockout_file:\n", "", filepath.Join(cache, "rasphone_exporter", "lockout.json"), ""},
		{"empty", "lockout_file: ''\n", "", "", "is empty; write a path, or none"},
		{"a folder", "lockout_file: lockout/\n", "", "", `"lockout/" is a folder; write the path of a file in it`},
		{"control characters", "lockout_file: \"a\\0b\"\n", "", "", "has control characters, or more than 4096 bytes"},
		{"the configuration", "lockout_file: ./x/../rasphone.yml\n", "", "", `"./x/../rasphone.yml" ` + taken},
		{"a password file", "lockout_file: a.password\n", "", "", `"a.password" ` + taken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse(file, []byte(tt.key+rest), func(name string) (string, bool) {
				return tt.stateDirectory, name == "STATE_DIRECTORY" && tt.stateDirectory != ""
			})
			if tt.wantErr != "" {
				if want := file + ":1: lockout_file: " + tt.wantErr; fmt.Sprint(err) != want {
					t.Errorf("error %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.LockoutFile(); err != nil || got != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestNoPlaceForTheLockoutFile: whether that is an error is for the command to decide.
func TestNoPlaceForTheLockoutFile(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	for _, c := range []*Config{
		parse(t, "auths: {a: {username: u, password: hunter2}}\ntargets: [{hosts: [h], auth: a}]"),
		parse(t, "auths: {a: {username: u, password: hunter2}}\ntargets: [{hosts: [h], auth: a}]\nlockout_file: none"),
	} {
		if path, err := c.LockoutFile(); path != "" || (err == nil) != (c.file.LockoutFile.value == noLockoutFile) {
			t.Errorf("%q, %v for lockout_file %q", path, err, c.file.LockoutFile.value)
		}
		out, err := c.Masked()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse("rasphone.yml", out, testEnv); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestReads finds the configuration and its password file behind links, too.
func TestReads(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	writeFile(t, in("a.password"), "hunter2", 0o600)
	writeFile(t, in("other"), "", 0o600)
	writeFile(t, in("rasphone.yml"), "auths: {a: {username: u, password_file: a.password}}\ntargets: [{hosts: [h], auth: a}]\n", 0o600)
	for _, name := range []string{"a.password", "rasphone.yml", "other"} {
		if err := os.Symlink(name, in("link to "+name)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(in("rasphone.yml"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a.password": true, "rasphone.yml": true, "link to a.password": true, "link to rasphone.yml": true, "other": false, "link to other": false, "gone": false} {
		if got := c.Reads(in(name)); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if c.Reads("") {
		t.Error("an empty path")
	}
}
