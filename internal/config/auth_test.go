package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuthErrors(t *testing.T) {
	tests := []struct{ name, auth, want string }{
		{"no username", "{password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"empty username", "{username: ' ', password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"null username", "{username: , password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"domain in the username", `{username: 'CORP\u', password: hunter2}`, "auths.a.username: has a backslash; write the name alone, and what stands before the backslash under domain"},
		{"control character", `{username: "a\tb", password: hunter2}`, "auths.a.username: has control characters, or more than 256 bytes"},
		{"long username", "{username: " + strings.Repeat("u", 257) + ", password: hunter2}", "auths.a.username: has control characters, or more than 256 bytes"},
		{"bad domain", `{username: u, domain: 'CORP\u', password: hunter2}`, `auths.a.domain: is not an NT domain's or computer's name; it has none of \/:*?"<>|`},
		{"bad ntlm", "{username: u, ntlm: V1, password: hunter2}", "auths.a.ntlm: must be v2 or v1"},
		{"no password", "{username: u}", "auths.a: has 0 of password_file, password_env and password; write exactly one"},
		{"null password", "{username: u, password: }", "auths.a: has 0 of password_file, password_env and password; write exactly one"},
		{"two passwords", "{username: u, password: hunter2, password_env: OLD_PASSWORD}", "auths.a: has 2 of password_file, password_env and password; write exactly one"},
		{"three passwords", "{username: u, password: hunter2, password_env: OLD_PASSWORD, password_file: x}", "auths.a: has 3 of password_file, password_env and password; write exactly one"},
		{"empty password", "{username: u, password: ''}", "auths.a.password: holds no password"},
		{"not in the environment", "{username: u, password_env: NEW_PASSWORD}", "auths.a.password_env: this environment variable is not set"},
		{"empty file name", "{username: u, password_file: ''}", "auths.a.password_file: is empty; write a path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseErrors(t, "\nauths: {a: "+tt.auth+"}\ntargets: [{hosts: [h], auth: a}]")
			if diff := cmp.Diff([]string{"rasphone.yml:2: " + tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPasswordEnvIsChecked(t *testing.T) {
	yaml := []byte("auths: {a: {username: u, password_env: X}}\ntargets: [{hosts: [h], auth: a}]")
	for value, want := range map[string]string{
		"":          "rasphone.yml:1: auths.a.password_env: this environment variable holds no password",
		"hunter2\n": "rasphone.yml:1: auths.a.password_env: this environment variable is not one line of UTF-8 text without control characters",
	} {
		_, err := Parse("rasphone.yml", yaml, func(string) (string, bool) { return value, true })
		if fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", value, err, want)
		}
	}
}

func TestSectionNames(t *testing.T) {
	want := []string{
		"rasphone.yml:1: auths.a...: its name may have letters, digits, -, _ and . alone, 64 at most",
		"rasphone.yml:2: modules." + strings.Repeat("m", 64) + "...: its name may have letters, digits, -, _ and . alone, 64 at most",
	}
	got := parseErrors(t, "auths: {'a:hunter2': {}}\nmodules: {"+strings.Repeat("m", 65)+": {}}")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadPasswordFile(t *testing.T) {
	const badText = "is not one line of UTF-8 text without control characters"
	long := strings.Repeat("p", maxPassword)
	tests := []struct{ name, content, want, wantErr string }{
		{"no newline", "hunter2", "hunter2", ""},
		{"LF", "hunter2\n", "hunter2", ""},
		{"CRLF", "hunter2\r\n", "hunter2", ""},
		{"spaces are part of it", " hunter2 \n", " hunter2 ", ""},
		{"UTF-8", "häschen2", "häschen2", ""},
		{"longest", long + "\r\n", long, ""},
		{"too long", long + "p", "", "holds more than the 1024 bytes that a password may have"},
		{"far too long", long + long, "", "holds more than the 1024 bytes that a password may have"},
		{"empty", "", "", "holds no password"},
		{"newline alone", "\n", "", "holds no password"},
		{"CRLF alone", "\r\n", "", "holds no password"},
		{"two newlines", "hunter2\n\n", "", badText},
		{"two lines", "hunter2\nhunter3\n", "", badText},
		{"CR alone", "hunter2\r", "", badText},
		{"UTF-16", "\xff\xfeh\x00", "", badText},
		{"byte order mark", "\xef\xbb\xbfhunter2", "", "begins with a byte order mark; save it as UTF-8 without one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p")
			writeFile(t, path, tt.content, 0o640)
			got, mode, err := readPasswordFile(path)
			switch {
			case tt.wantErr == "" && (err != nil || got.Reveal() != tt.want || mode != fs.FileMode(0o640)):
				t.Errorf("%q, %v, %v", got.Reveal(), mode, err)
			case tt.wantErr != "" && (err == nil || err.Error() != tt.wantErr):
				t.Errorf("error %v, want %s", err, tt.wantErr)
			}
		})
	}
}

func TestReadPasswordFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "hunter2"): "cannot read this file: no such file or directory; a relative path starts at the folder of the configuration file",
		dir:                           "is not a regular file",
		os.DevNull:                    "is not a regular file",
	} {
		if _, _, err := readPasswordFile(path); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestPasswordFilesChanged(t *testing.T) {
	c, dir := loadExample(t)
	path := filepath.Join(dir, "corp.password")
	steps := []struct {
		name, content string
		want          bool
	}{
		{"the same", filePassword + "\n", false},
		{"the same with another newline", filePassword + "\r\n", false},
		{"another", filePassword + "x\n", true},
		{"empty while it is being written", "", false},
		{"another again", "x", true},
		{"as it was", filePassword, false},
	}
	for _, s := range steps {
		writeFile(t, path, s.content, 0o600)
		if got := c.PasswordFilesChanged(); got != s.want {
			t.Errorf("%s: %v, want %v", s.name, got, s.want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if c.PasswordFilesChanged() {
		t.Error("a missing file is no changed password")
	}
}
