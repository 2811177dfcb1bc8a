package config

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWarnings(t *testing.T) {
	tests := []struct {
		name, yaml string
		want       []string
	}{
		{"password in the file", `
auths:
  a:
    username: u
    password: hunter2
targets: [{hosts: [h.example], auth: a}]
`, []string{
			"rasphone.yml:5: auths.a.password: the password stands in the file itself; password_file keeps it apart",
		}},
		{"windows", `
auths: {a: {username: u, password_env: OLD_PASSWORD}}
modules:
  one: {eventlog: {windows: [1h, 1d]}}
  off: {eventlog: {windows: [1h], enabled: false}}
targets: [{hosts: [h.example], auth: a}]
`, []string{
			"rasphone.yml:4: modules.one.eventlog.windows: lacks 15m, 24h, which the shipped alert rules and dashboards want spelled so",
		}},
		{"addresses and names", `
auths: {a: {username: u, password_env: OLD_PASSWORD}}
targets:
  - auth: a
    hosts:
      - 0x0a.1.2.3
      - ::ffff:10.1.2.5
      - 10.1.2.4
      - exch01
      - exch01.corp.example
      - exch02.
      - exch03:139
`, []string{
			`rasphone.yml:6: targets[0].hosts[0]: "0x0a.1.2.3" is read as 10.1.2.3`,
			`rasphone.yml:7: targets[0].hosts[1]: "::ffff:10.1.2.5" is read as 10.1.2.5`,
			`rasphone.yml:9: targets[0].hosts[3]: "exch01" has no dot: the resolver's search list decides which host gets the login; write the whole name`,
			`rasphone.yml:12: targets[0].hosts[6]: "exch03:139" has no dot: the resolver's search list decides which host gets the login; write the whole name`,
		}},
		{"nothing to probe", "auths: {a: {username: u, password_env: OLD_PASSWORD}}", []string{
			"rasphone.yml: targets: is empty: no host may be probed",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(t, tt.yaml).Warnings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWarningPasswordFileMode(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rasphone.yml")
	yaml := []byte("auths:\n  a:\n    username: u\n    password_file: p\ntargets: [{hosts: [h.example], auth: a}]\n")
	writeFile(t, filepath.Join(dir, "p"), filePassword, 0o644)
	c, err := Parse(file, yaml, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{file + ":4: auths.a.password_file: " + filepath.Join(dir, "p") +
		" can be read by every account on this machine; chmod o= takes that away"}
	if diff := cmp.Diff(want, c.Warnings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	writeFile(t, filepath.Join(dir, "p"), filePassword, 0o640)
	if c, err = Parse(file, yaml, testEnv); err != nil {
		t.Fatal(err)
	}
	if got := c.Warnings(); got != nil {
		t.Errorf("warnings for mode 0640: %q", got)
	}
}
