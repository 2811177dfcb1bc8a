package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAuthErrors(t *testing.T) {
	tests := []struct{ name, auth, want string }{
		{"no username", "{password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"empty username", "{username: ' ', password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"null username", "{username: , password: hunter2}", "auths.a.username: is missing; write the account's name"},
		{"domain in the username", `{username: 'CORP\u', password: hunter2}`, "auths.a.username: has a backslash; write the name alone, and what stands before the backslash under domain"},
		{"user principal name", "{username: u@corp.example, password: hunter2}", "auths.a.username: has an @ and no domain; write the name before the @ alone, and the NT domain under domain: logins to all of a domain's servers count towards locking its account"},
		{"control character", `{username: "a\tb", password: hunter2}`, "auths.a.username: has control characters, or more than 256 bytes"},
		{"long username", "{username: " + strings.Repeat("u", 257) + ", password: hunter2}", "auths.a.username: has control characters, or more than 256 bytes"},
		{"password in the username", "{username: 'u:hunter2', password: hunter2}", "auths.a.username: has one of \"/[]:;|=,+*?<>, which no account's name has; write the name alone, without domain and password"},
		{"domain in the username with a slash", "{username: CORP/u, password: hunter2}", "auths.a.username: has one of \"/[]:;|=,+*?<>, which no account's name has; write the name alone, without domain and password"},
		{"username with a blank behind it", "{username: 'u ', password: hunter2}", "auths.a.username: begins or ends with a blank; write the name alone"},
		{"domain with a blank in front", "{username: u, domain: ' CORP', password: hunter2}", "auths.a.domain: begins or ends with a blank; write the name alone"},
		{"bad domain", `{username: u, domain: 'CORP\u', password: hunter2}`, `auths.a.domain: is not an NT domain's or computer's name; it has none of \/:*?"<>|`},
		{"bad ntlm", "{username: u, ntlm: V1, password: hunter2}", "auths.a.ntlm: must be v2 or v1"},
		{"no password", "{username: u}", "auths.a: has 0 of password_file, password_env and password; write exactly one"},
		{"null password", "{username: u, password: }", "auths.a: has 0 of password_file, password_env and password; write exactly one"},
		{"two passwords", "{username: u, password: hunter2, password_env: OLD_PASSWORD}", "auths.a: has 2 of password_file, password_env and password; write exactly one"},
		{"three passwords", "{username: u, password: hunter2, password_env: OLD_PASSWORD, password_file: x}", "auths.a: has 3 of password_file, password_env and password; write exactly one"},
		{"empty password", "{username: u, password: ''}", "auths.a.password: holds no password"},
		{"not in the environment", "{username: u, password_env: NEW_PASSWORD}", "auths.a.password_env: the environment variable NEW_PASSWORD is not set; set it where the exporter is started"},
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

// Two passwords of one account: at most one is right, and the other locks the account.
func TestAuthorities(t *testing.T) {
	const why = "; one of them is wrong, and each login with it counts towards locking the account; write one password, or use one auth"
	account := func(username, domain, password string) string {
		text := "{username: " + username + ", password: " + password
		if domain != "" {
			text += ", domain: " + domain
		}
		return text + "}"
	}
	for _, tt := range []struct {
		name   string
		a, b   string // auths
		hostA  string
		hostB  string
		wanted string
	}{
		{"one password", account("u", "CORP", "hunter2"), account("u", "CORP", "hunter2"), "h", "i", ""},
		{"two passwords", account("u", "CORP", "hunter2"), account("u", "CORP", "hunter3"), "h", "i", "rasphone.yml:3: auths.b: is the same account as a (domain and username), with a different password" + why},
		{"whatever the case", account("U", "corp", "hunter2"), account("u", "CORP", "hunter3"), "h", "i", "rasphone.yml:3: auths.b: is the same account as a (domain and username), with a different password" + why},
		{"two users", account("u", "CORP", "hunter2"), account("v", "CORP", "hunter3"), "h", "i", ""},
		{"two domains", account("u", "CORP", "hunter2"), account("u", "LAB", "hunter3"), "h", "i", ""},
		{"accounts of two servers", account("u", "", "hunter2"), account("u", "", "hunter3"), "h", "i", ""},
		{"of a server and of a domain", account("u", "", "hunter2"), account("u", "CORP", "hunter3"), "h:445", "h:139", ""},
		{"one account of one server", account("u", "", "hunter2"), account("U", "", "hunter3"), "h:445", "h:139", "rasphone.yml:6: targets[1].hosts[0]: gets the auths a and b, which are one account with different passwords" + why},
		{"spelled in two ways", account("u", "", "hunter2"), account("u", "", "hunter3"), "10.1.2.3:445", "0x0a.1.2.3", "rasphone.yml:6: targets[1].hosts[0]: gets the auths a and b, which are one account with different passwords" + why},
		{"one account with one password", account("u", "", "hunter2"), account("U", "", "hunter2"), "h:445", "h:139", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			yaml := fmt.Sprintf("auths:\n  a: %s\n  b: %s\ntargets:\n  - {hosts: ['%s'], auth: a}\n  - {hosts: ['%s'], auth: b}\n", tt.a, tt.b, tt.hostA, tt.hostB)
			_, err := Parse("rasphone.yml", []byte(yaml), testEnv)
			if tt.wanted == "" && err != nil || tt.wanted != "" && fmt.Sprint(err) != tt.wanted {
				t.Errorf("error %v, want %s", err, tt.wanted)
			}
		})
	}
}

func TestPasswordEnvIsChecked(t *testing.T) {
	yaml := []byte("auths: {a: {username: u, password_env: X}}\ntargets: [{hosts: [h], auth: a}]")
	for value, want := range map[string]string{
		"":          "rasphone.yml:1: auths.a.password_env: the environment variable X holds no password",
		"hunter2\n": "rasphone.yml:1: auths.a.password_env: the environment variable X holds more than one line; leave the password alone, on one line",
	} {
		_, err := Parse("rasphone.yml", yaml, func(string) (string, bool) { return value, true })
		if fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", value, err, want)
		}
	}
}

func TestSectionNames(t *testing.T) {
	want := []string{
		"rasphone.yml:1: auths: the account here (its name is not shown: it may be a password) has no keys",
		"rasphone.yml:2: modules." + strings.Repeat("m", 64) + "...: its name may have letters, digits, -, _ and . alone, 64 at most",
	}
	got := parseErrors(t, "auths: {'a:hunter2': {}}\nmodules: {"+strings.Repeat("m", 65)+": {}}")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadPasswordFile(t *testing.T) {
	const twoLines = "holds more than one line; leave the password alone, on one line"
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
		{"two newlines", "hunter2\n\n", "", twoLines},
		{"two lines", "hunter2\nhunter3\n", "", twoLines},
		{"CR alone", "hunter2\r", "", twoLines},
		{"UTF-16", "\xff\xfeh\x00", "", "holds UTF-16 text; save it as UTF-8 without a byte order mark"},
		{"Latin 1", "h\xfcnter2", "", "holds text that is not UTF-8; save it as UTF-8"},
		{"control character", "hunter\x1b2", "", "holds control characters; leave the password alone, on one line"},
		{"byte order mark", "\xef\xbb\xbfhunter2", "", "begins with a byte order mark; save it as UTF-8 without one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p")
			writeFile(t, path, tt.content, 0o640)
			got, file, err := readPasswordFile(path)
			switch {
			case tt.wantErr == "" && (err != nil || got.Reveal() != tt.want || file.info.Mode() != fs.FileMode(0o640)):
				t.Errorf("%q, %v, %v", got.Reveal(), file.info.Mode(), err)
			case tt.wantErr != "" && (err == nil || err.Error() != tt.wantErr):
				t.Errorf("error %v, want %s", err, tt.wantErr)
			}
		})
	}
}

func TestReadPasswordFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "hunter2"): "cannot read this file: no such file or directory",
		dir:                           "is a folder; write the path of a file in it",
		os.DevNull:                    "is not a regular file",
	} {
		if _, _, err := readPasswordFile(path); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestPasswordFileChanged(t *testing.T) {
	c, dir := loadExample(t)
	path := filepath.Join(dir, "corp.password")
	files := c.PasswordFiles()
	if len(files) != 1 {
		t.Fatalf("%d password files, want 1", len(files))
	}
	file := files[0]
	at := time.Now()
	write := func(content string) func() {
		return func() {
			at = at.Add(time.Second) // a file system's clock may be coarse
			writeFile(t, path, content, 0o600)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func() {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path+".new", strings.Repeat("x", int(info.Size())), 0o600)
		if err := errors.Join(os.Chtimes(path+".new", at, at), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		want   bool
	}{
		{"nothing", func() {}, false},
		{"written", write("another"), true},
		{"nothing again", func() {}, false},
		{"written, of the same size", write("different"[:7]), true},
		{"replaced, of the same size and time", replace, true},
		{"missing", remove, false},
		{"back", write("another"), true},
		{"nothing at last", func() {}, false},
	} {
		step.change()
		var got bool
		if file, got = file.Changed(); got != step.want {
			t.Errorf("%s: changed is %t, want %t", step.name, got, step.want)
		}
	}
}
