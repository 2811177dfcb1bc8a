package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestLoadExample(t *testing.T) {
	c, dir := loadExample(t)
	if got := c.Warnings(); got != nil {
		t.Errorf("warnings: %q", got)
	}
	want := []Host{
		{Name: "exch01.corp.example", Module: "default", Auth: "corp", Labels: map[string]string{"site": "hq"}},
		{Name: "exch02.corp.example:139", Module: "default", Auth: "corp", Labels: map[string]string{"site": "hq"}},
		{Name: "10.1.2.3", Module: "default", Auth: "corp", Labels: map[string]string{"site": "hq"}},
		{Name: "Exch-BR.corp.example", Module: "branch", Auth: "old"},
		{Name: "[2001:db8::25]:139", Module: "branch", Auth: "old"},
	}
	if diff := cmp.Diff(want, c.Hosts()); diff != "" {
		t.Errorf("Hosts (-want +got):\n%s", diff)
	}
	if got, err := c.LockoutFile(); err != nil || got != filepath.Join(dir, "lockout.json") {
		t.Errorf("lockout file %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"corp", "old"}, c.Auths()); diff != "" {
		t.Errorf("Auths (-want +got):\n%s", diff)
	}
	target, err := c.Target("exch-br.corp.example", "")
	if err != nil {
		t.Fatal(err)
	}
	target.Allows = nil // tested on its own
	wantTarget := smbprobe.Target{
		Name:  "Exch-BR.corp.example",
		Entry: "Exch-BR.corp.example",
		Host:  "Exch-BR.corp.example",
		Ports: []uint16{445, 139},

		LookupName: "Exch-BR.corp.example.",

		Auth: smbprobe.Auth{Name: "old", Credentials: smb.Credentials{
			Username: "Administrator", Password: secret.New(envPassword), NTLMv1: true,
		}},
		Module: smbprobe.Module{
			Name: "branch", Timeout: 90 * time.Second,
			Dialect: smbprobe.DialectSMB1, Transport: smbprobe.TransportNetBIOS,
			NetBIOSName: "EXCH-BR", RequireSigning: true, Share: "ADMIN$",
			Phonebook: smbprobe.PhonebookModule{
				Path:          `System32\Ras\rasphone.pbk`,
				DialedEntries: []string{"Internet Provider", "Backup: ISDN"},
				MaxSize:       512 << 10,
			},
			EventLog: smbprobe.EventLogModule{
				Enabled: true, Log: "Application", Source: "MSExchangeIMC", EventID: 4106,
				Windows: []smbprobe.Window{
					{Label: "15m", Duration: 15 * time.Minute}, {Label: "1h", Duration: time.Hour},
					{Label: "24h", Duration: 24 * time.Hour}, {Label: "7d", Duration: 7 * 24 * time.Hour},
				},
			},
			Session: smbprobe.SessionPerProbe, MinInterval: 30 * time.Second,
			Server: smbprobe.ServerModule{Services: []string{}},
		},
	}
	wantTarget.Modules = []smbprobe.Module{wantTarget.Module}
	if diff := cmp.Diff(wantTarget, target, cmp.Comparer(func(a, b secret.Secret) bool { return a.Equal(b) }), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("Target (-want +got):\n%s", diff)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yml"), testEnv)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v is no fs.ErrNotExist", err)
	}
}

// A test that runs as root can read everything, so the errors are made up.
func TestFileError(t *testing.T) {
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "rasphone.yaml"), "x", 0o600)
	for _, tt := range []struct {
		path, similar, want string
		err                 error
	}{
		{"gone.yml", "", "cannot read the configuration FOLDER/gone.yml: file does not exist", fs.ErrNotExist},
		{"rasphone.yml", "rasphone.yaml", "cannot read the configuration FOLDER/rasphone.yml: file does not exist; there is FOLDER/rasphone.yaml: name it with --config.file", fs.ErrNotExist},
		{"rasphone.yaml", "", "cannot read the configuration FOLDER/rasphone.yaml: permission denied; let the user that the exporter runs as read it", fs.ErrPermission},
	} {
		err := &FileError{filepath.Join(folder, tt.path), &fs.PathError{Op: "open", Path: tt.path, Err: tt.err}}
		want := strings.ReplaceAll(tt.want, "FOLDER", folder)
		if err.Error() != want || filepath.Base(err.Similar()) != filepath.Base(tt.similar) && tt.similar != "" || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, similar %q, want %s", tt.path, err, err.Similar(), want)
		}
	}
}

func TestMasked(t *testing.T) {
	c, dir := loadExample(t)
	out, err := c.Masked()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "masked.yml", out)
	// What is shown is a configuration itself, and means the same.
	again, err := Parse(filepath.Join(dir, "again.yml"), out, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	out2, err := again.Masked()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(out), string(out2)); diff != "" {
		t.Errorf("read again it is another one:\n%s", diff)
	}
	if diff := cmp.Diff(c.modules, again.modules, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read again its modules are others:\n%s", diff)
	}
}

func TestMaskedOddValues(t *testing.T) {
	c := parse(t, `
auths:
  "1": {username: "null", domain: "true", password: 'hunter2: "x"'}
modules:
  default: {phonebook: {dialed_entries: ["007", "yes", "a: b", "#1"], max_size: 1536KiB}, timeout: 1500ms}
targets:
  - {hosts: ["10"], auth: "1", labels: {a: "0x10", b: "null"}}
`)
	out, err := c.Masked()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte(anyPassword)) || !bytes.Contains(out, []byte(secret.Masked)) {
		t.Errorf("the password is not masked:\n%s", out)
	}
	again, err := Parse("again.yml", out, testEnv)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(c.modules, again.modules, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read again its modules are others:\n%s", diff)
	}
	if diff := cmp.Diff(c.hosts, again.hosts); diff != "" {
		t.Errorf("read again its hosts are others:\n%s", diff)
	}
}

// A Config should not be printed; if it is, it shows no password.
func TestPrintedConfigHasNoPassword(t *testing.T) {
	c, _ := loadExample(t)
	target, err := c.Target("10.1.2.3", "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, v := range []any{c, *c, target, target.Auth, &target} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	if err := json.NewEncoder(&out).Encode(target.Auth); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{filePassword, envPassword} {
		for _, form := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%d", []byte(password))} {
			if strings.Contains(out.String(), form) {
				t.Errorf("the output has %q in it", form)
			}
		}
	}
}
