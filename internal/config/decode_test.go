package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeErrors(t *testing.T) {
	tests := []struct {
		name, yaml string
		want       []string
	}{
		{"nothing", "", []string{
			"rasphone.yml: empty; write auths and targets, as the example in the README has them"}},
		{"comments alone", "# nothing\n", []string{
			"rasphone.yml: empty; write auths and targets, as the example in the README has them"}},
		{"null", "---\n~\n", []string{
			"rasphone.yml: empty; write auths and targets, as the example in the README has them"}},
		{"a list", "- a\n", []string{
			"rasphone.yml:1: must be a mapping of keys to values, not a list; leave out the dashes or brackets"}},
		{"two documents", "auths: {}\n---\ntargets: []\n", []string{
			"rasphone.yml:2: a second YAML document begins here; write one"}},
		{"second document broken", "auths: {}\n---\n\"\n", []string{
			"rasphone.yml:3: not YAML: a quote or a bracket is not closed, here or above"}},
		{"not YAML", "auths:\n  a: [\n", []string{
			"rasphone.yml:2: not YAML: a value is missing, or a bracket is not closed, here or above"}},
		{"unknown keys", "auths:\n  a:\n    user: x\nmodule: {}\nmodules:\n  default:\n    phonebook:\n      size: 1\n", []string{
			"rasphone.yml:3: auths.a.user: unknown key; did you mean username?",
			"rasphone.yml:3: auths.a: has 0 of password_file, password_env and password; write exactly one",
			"rasphone.yml:4: module: unknown key; did you mean modules?",
			"rasphone.yml:8: modules.default.phonebook.size: unknown key; the keys here are path, dialed_entries, max_size"}},
		{"the field that is no key", "auths: {a: {Line: 3, '-': 1}}", []string{
			"rasphone.yml:1: auths.a: unknown key (not shown: it may be a password); the keys here are username, domain, password_file, password_env, password, ntlm",
			"rasphone.yml:1: auths.a: unknown key (not shown: it may be a password); the keys here are username, domain, password_file, password_env, password, ntlm",
			"rasphone.yml:1: auths.a.username: is missing; write the account's name",
			"rasphone.yml:1: auths.a: has 0 of password_file, password_env and password; write exactly one"}},
		{"duplicate keys", "auths:\n  a: {username: u, password: p}\n  b: {username: u, password: p}\n  a: {}\nmodules:\n  m:\n    share: A\n    share: B\n", []string{
			"rasphone.yml:4: auths.a: is already set in line 2; keep one of them",
			"rasphone.yml:8: modules.m.share: is already set in line 7; keep one of them"}},
		{"wrong kinds", "auths: []\nmodules:\n  m: 3\n  n: {timeout: [1], phonebook: x, eventlog: {windows: 15m, enabled: 1}}\ntargets: {}\n", []string{
			"rasphone.yml:1: auths: must be a mapping of keys to values, not a list; leave out the dashes or brackets",
			"rasphone.yml:3: modules.m: must be a mapping of keys to values; the keys here are timeout, dialect, transport, netbios_name, signing, share, phonebook, eventlog, session, min_interval, server",
			"rasphone.yml:4: modules.n.timeout: must be a single value, not a list or a mapping",
			"rasphone.yml:4: modules.n.phonebook: must be a mapping of keys to values; the keys here are path, dialed_entries, max_size",
			"rasphone.yml:4: modules.n.eventlog.windows: must be a list; write windows: [15m]",
			"rasphone.yml:4: modules.n.eventlog.enabled: must be true or false; write true",
			"rasphone.yml:5: targets: must be a list of groups; each begins with a dash, as in - hosts: [exch01.corp.example]"}},
		{"tags", "auths: !x {}\nmodules: {m: {share: !x A}}\ntargets: !!set []", []string{
			"rasphone.yml:1: auths: must be a mapping of keys to values; write name: {...}",
			"rasphone.yml:2: modules.m.share: has a YAML tag, which is not supported; leave the tag out, and put a value that begins with ! in quotes",
			"rasphone.yml:3: targets: must be a list of groups; each begins with a dash, as in - hosts: [exch01.corp.example]"}},
		{"anchors", "auths: &a\n  b: {}\nmodules: *a\n", []string{
			"rasphone.yml:1: auths: anchors and aliases are not supported; write the value out, and put a value that begins with & or * in quotes",
			"rasphone.yml:3: modules: anchors and aliases are not supported; write the value out, and put a value that begins with & or * in quotes"}},
		{"alias to itself", "auths: &a\n  b: *a\n", []string{
			"rasphone.yml:1: auths: anchors and aliases are not supported; write the value out, and put a value that begins with & or * in quotes"}},
		{"key that is no name", "auths: {[a]: {}, '': {}, !x y: {}}", []string{
			"rasphone.yml:1: auths: has a key that is not a plain name",
			"rasphone.yml:1: auths: has a key that is not a plain name",
			"rasphone.yml:1: auths: has a key that is not a plain name"}},
		{"keys without values", "auths: {a: {username: u, password_env: OLD_PASSWORD, hunter2}, hunter2}\nmodules:\n  m:\n    ? hunter2\n    ? hunter2\n    timeout:\n  n:\nhunter2:\n", []string{
			"rasphone.yml:1: auths.a: unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are username, domain, password_file, password_env, password, ntlm",
			"rasphone.yml:1: auths: has a name with nothing behind it, not shown here; write name: {...}",
			"rasphone.yml:4: modules.m: unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are timeout, dialect, transport, netbios_name, signing, share, phonebook, eventlog, session, min_interval, server",
			"rasphone.yml:5: modules.m: unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are timeout, dialect, transport, netbios_name, signing, share, phonebook, eventlog, session, min_interval, server",
			"rasphone.yml:8: unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are auths, modules, lockout_file, targets"}},
		{"many", "targets: [" + strings.Repeat("{x: 1},", 25) + "]", append(
			numbered(20, "rasphone.yml:1: targets[%d].x: unknown key; the keys here are hosts, auth, modules, labels"),
			"rasphone.yml: and 55 more problems")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseErrors(t, tt.yaml)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// numbered gives n lines, a number from 0 in each.
func numbered(n int, format string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(format, i)
	}
	return lines
}

func TestDecodeTooLarge(t *testing.T) {
	want := []string{"rasphone.yml: larger than 16 MiB"}
	if diff := cmp.Diff(want, parseErrors(t, strings.Repeat("#\n", maxFile/2+1))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each of these has a password where it does not belong, or broken YAML around
// it. parseErrors looks for it in the error.
func TestErrorsHaveNoPassword(t *testing.T) {
	for _, yaml := range []string{
		"auths: hunter2",
		"auths: [hunter2]",
		"auths: {a: hunter2}",
		"auths: {a: [hunter2]}",
		"auths: {a: {username: u, password: [hunter2]}}",
		"auths: {a: {username: u, password: {hunter2: x}}}",
		"auths: {a: {username: u, password: !hunter2 x}}",
		"auths: {a: {username: u, password: !!int hunter2}}",
		"auths: {a: {username: u, password: !!binary hunter2}}",
		"auths: {a: {username: u, password: *hunter2}}",
		"auths: {a: {username: u, password: *hunter2}}\n---\n*hunter2",
		"auths: {a: {username: u, password: &hunter2}}",
		"auths: {a: {username: u, password: &hunter2 hunter2}}",
		"auths: {a: {username: u, password: @hunter2}}",
		"auths: {a: {username: u, password: `hunter2}}",
		"auths: {a: {username: u, password: %hunter2}}",
		"auths: {a: {username: u, password: \"hunter2}}",
		"auths: {a: {username: u, password: \"hunter2\\q\"}}",
		"auths: {a: {username: u, password: hunter2: x}}",
		"auths: {a: {username: u, password:hunter2}}",
		"auths: {a: {username: u, hunter2}}",
		"auths: {a: {username: u, hunter2: }}",
		"auths: {a: {username: u, password hunter2}}",
		"auths: {a: {username: u, hunter2, hunter2}}",
		"auths: {a: {username: u, ? hunter2}}",
		"auths: {a: {username: u, 'hunter2'}}",
		"auths: {hunter2}",
		"auths: {hunter2: ~}",
		"auths: {a: {username: u}, hunter2}",
		"hunter2: ",
		"{hunter2}",
		"targets: [{hosts: [h], hunter2}]",
		"modules: {m: {hunter2}}",
		"modules: {'hunter2!'}",
		"auths: {a: {username: u, ? [password, hunter2]}}",
		"auths:\n  a:\n    username: u\n    password:hunter2\n",
		"auths:\n  a:\n    password:hunter2\n",
		"auths:\n  a:\n    password:hunter2\n    username: u\n",
		"auths:\n  password:hunter2:\n    username: u\n",
		"auths:\n  a:\n    username: u\n    password: |\n      hunter2\n      second line\n",
		"auths:\n  a:\n    username: u\n    password: \"hunter2\\0\"\n",
		"auths:\n  a:\n    username: u\n    password: \"\\uFEFFhunter2\"\n",
		"auths:\n  a:\n    username: u\n    password: hunter2\n    password: hunter2\n",
		"auths:\n  a:\n    username: u\n    password: hunter2\n    ntlm: hunter2\n",
		"auths:\n  a:\n    username: u\n    password: hunter2\n    domain: hunter2\\x\n",
		"auths:\n  a:\n    username: hunter2\\u\n    password: hunter2\n",
		"auths:\n  a:\n    username: u\n    password_file: hunter2\n",
		"auths:\n  a:\n    username: u\n    password_env: hunter2\n",
		"auths:\n  a:\n    username: u\n    password: " + strings.Repeat("hunter2", 200) + "\n",
		"%TAG ! tag:hunter2\n---\nauths: !x {}",
		"%HUNTER2 hunter2\n---\nauths: {}\n---\nx",
	} {
		parseErrors(t, yaml)
	}
}

// All mistakes of a file are reported in one run, also beside ones that make it no YAML, and
// each with its own line.
func TestRepair(t *testing.T) {
	const head = "auths:\n  a:\n    username: u\n    password_env: OLD_PASSWORD\n"
	const tail = "targets:\n  - hosts: [h.example]\n    auth: b\n" // its mistake is found in any case
	for _, tt := range []struct{ name, yaml, want string }{
		{"tab", head + "modules:\n  m:\n\ttimeout: 5\n" + tail, "7: not YAML: a tab stands in front of the text; indent with spaces\n7: modules.m.timeout: \"5\" is not a duration from 100ms to 5m; write 5s"},
		{"no space", head + "modules:\n  m:\n    timeout:5s\n    share: A\n" + tail, "7: not YAML: the space behind timeout: is missing"},
		{"equals sign", head + "modules:\n  m:\n    timeout = 5s\n    share: A\n" + tail, "7: not YAML: timeout is followed by an equals sign; write a colon and a space"},
		{"no colon", head + "modules\n" + tail, "5: not YAML: modules has no colon; write modules:"},
		{"too deep", head + "modules:\n  m:\n    timeout: 5s\n      share: A\n" + tail, "8: not YAML: this line begins at column 7, and the key above it, which has a value, at column 5; indent both alike"},
		{"not deep enough", head + "modules:\n  m:\n    timeout: 5s\n   share: A\n" + tail, "8: not YAML: this line begins at column 4, and its section at column 5; indent all lines of a section alike"},
		{"backslashes", head + "modules:\n  m:\n    share: \"\\C$\"\n" + tail, "7: not YAML: in double quotes a backslash begins an escape; put a value with backslashes in single quotes\n7: modules.m.share: \"\\C$\" is not a bare name; write C$"},
		{"not to be repaired", head + "modules:\n  m: [\n" + tail, "6: not YAML: a value is missing, or a bracket is not closed, here or above"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := strings.Count(tt.yaml, "\n")
			want := strings.Split(tt.want, "\n")
			want = append(want, fmt.Sprintf(`%d: targets[0].auth: this name (not shown: it may be a password) is not under auths; there are a`, line))
			got := parseErrors(t, tt.yaml)
			for i := range got {
				got[i] = strings.TrimPrefix(got[i], "rasphone.yml:")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
