package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestForHosts(t *testing.T) {
	c, err := ForHosts([]string{"Exch01", "10.1.2.3:4450"},
		AuthFlags{Username: "u", Domain: "CORP", Password: secret.New("hunter2"), NTLMv1: true},
		ModuleFlags{DialedEntries: []string{"Provider"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Warnings(); got != nil {
		t.Errorf("warnings: %q", got)
	}
	target, err := c.Target("exch01", "")
	if err != nil {
		t.Fatal(err)
	}
	wantAuth := smbprobe.Auth{Name: "command-line", Credentials: smb.Credentials{
		Username: "u", Domain: "CORP", Password: secret.New("hunter2"), NTLMv1: true}}
	if diff := cmp.Diff(wantAuth, target.Auth); diff != "" {
		t.Errorf("auth (-want +got):\n%s", diff)
	}
	wantModule := builtinModule()
	wantModule.Phonebook.DialedEntries = []string{"Provider"}
	if diff := cmp.Diff(wantModule, target.Module); diff != "" {
		t.Errorf("module (-want +got):\n%s", diff)
	}
	if _, err := c.Target("10.1.2.3:4450", ""); err != nil {
		t.Error(err)
	}
	if _, err := c.Target("exch02", ""); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a host that was not typed: %v", err)
	}
	if files := c.PasswordFiles(); len(files) > 0 {
		t.Errorf("password files: %v", files)
	}
	out, err := c.Masked()
	if err != nil || strings.Contains(string(out), "hunter2") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestForHostsErrors(t *testing.T) {
	good := AuthFlags{Username: "u", Password: secret.New("hunter2")}
	tests := []struct {
		name   string
		hosts  []string
		auth   AuthFlags
		module ModuleFlags
		want   string
	}{
		{"no hosts", nil, good, ModuleFlags{},
			"target: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.3]"},
		{"a range", []string{"10.1.2.0/24"}, good, ModuleFlags{},
			`"10.1.2.0/24" is a range, and ranges are not taken: anyone who holds an address in one could ask for it and be handed the login; list each host by name or address`},
		{"no account", []string{"h"}, AuthFlags{}, ModuleFlags{},
			"--username: is missing; write the account's name\npassword: holds no password"},
		{"bad entry", []string{"h"}, good, ModuleFlags{DialedEntries: []string{""}},
			"--dialed-entry: is empty; write a name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ForHosts(tt.hosts, tt.auth, tt.module); fmt.Sprint(err) != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
