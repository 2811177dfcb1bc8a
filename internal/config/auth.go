package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	ntlmV1 = "v1"
	ntlmV2 = "v2"
)

// notInUsernames are the characters that no account of Windows NT has in its name, without the
// backslash, which stands behind a domain (User Manager refuses them).
const notInUsernames = `"/[]:;|=,+*?<>`

// variableInName is a variable as shells, cmd.exe and templates have them.
var variableInName = regexp.MustCompile(`^\$|\$\{|^%[^%]+%$|\{\{`)

// readAuth makes an account of its section of the file, its password read.
// Errors about an account quote no values.
func (b *builder) readAuth(name string, f fileAuth) smbprobe.Auth {
	at := "auths." + name
	auth := smbprobe.Auth{Name: name, Credentials: smb.Credentials{
		Username: f.Username.value,
		Domain:   f.Domain.value,
		NTLMv1:   f.NTLM.value == ntlmV1,
	}}
	switch name := f.Username; {
	case strings.TrimSpace(name.value) == "":
		b.problems.addf(max(name.line, f.Line), at+".username", "is missing; write the account's name")
	case strings.Contains(name.value, `\`):
		b.problems.addf(name.line, at+".username", `has a backslash; write the name alone, and what stands before the backslash under domain`)
	case strings.Contains(name.value, "@") && f.Domain.value == "":
		// Windows 2000 takes it for an account of the domain, which each target would then
		// count for itself.
		b.problems.addf(name.line, at+".username", "has an @ and no domain; write the name before the @ alone, and the NT domain under domain: logins to all of a domain's servers count towards locking its account")
	case !isPrintable(name.value) || len(name.value) > maxName:
		b.problems.addf(name.line, at+".username", "has control characters, or more than %d bytes", maxName)
	case strings.ContainsAny(name.value, notInUsernames):
		b.problems.addf(name.line, at+".username", "has one of %s, which no account's name has; write the name alone, without domain and password", notInUsernames)
	case variableInName.MatchString(name.value):
		b.problems.addf(name.line, at+".username", "has a variable in it, which is not replaced; write the name itself")
	case strings.TrimSpace(name.value) != name.value:
		b.problems.addf(name.line, at+".username", "begins or ends with a blank; write the name alone")
	case strings.Contains(name.value, "%"):
		b.warn(name.line, at+".username", "has a %; if what follows it is the password, as some programs take it, take it out: names are shown")
	}
	if d := f.Domain; !isPrintable(d.value) || len(d.value) > maxName || strings.ContainsAny(d.value, notInNames) {
		hint := "it has none of " + notInNames
		if strings.HasPrefix(d.value, `\\`) {
			hint = "write it without the backslashes"
		}
		b.problems.addf(d.line, at+".domain", "is not an NT domain's or computer's name; %s", hint)
	} else if variableInName.MatchString(d.value) {
		b.problems.addf(d.line, at+".domain", "has a variable in it, which is not replaced; write the name itself")
	} else if strings.TrimSpace(d.value) != d.value {
		b.problems.addf(d.line, at+".domain", "begins or ends with a blank; write the name alone")
	}
	if n := f.NTLM; n.given && n.value != ntlmV1 && n.value != ntlmV2 {
		b.problems.addf(n.line, at+".ntlm", "must be %s or %s", ntlmV2, ntlmV1)
	}
	auth.Password = b.readPassword(at, f)
	return auth
}

// readPassword reads the password from the one place that the account names.
func (b *builder) readPassword(at string, f fileAuth) secret.Secret {
	for _, key := range []string{".password_file", ".password_env", ".password"} {
		if b.problems.isUnread(at + key) {
			return secret.Secret{} // a problem of its own
		}
	}
	sources := 0
	for _, given := range []bool{f.PasswordFile.given, f.PasswordEnv.given, f.Password.given} {
		if given {
			sources++
		}
	}
	if sources != 1 {
		b.problems.addf(f.Line, at, "has %d of password_file, password_env and password; write exactly one", sources)
		return secret.Secret{}
	}
	switch {
	case f.PasswordFile.given:
		return b.passwordFromFile(at+".password_file", f.PasswordFile)
	case f.PasswordEnv.given:
		return b.passwordFromEnv(at+".password_env", f.PasswordEnv)
	}
	at += ".password"
	if err := checkPassword(f.Password.secret); err != nil {
		b.problems.add(f.Password.line, at, err)
	}
	b.warnOfBlanks(f.Password.line, at, f.Password.secret)
	if f.Password.commented {
		b.warn(f.Password.line, at, "what follows # is a comment; if it is part of the password, put the password in quotes")
	}
	if b.problems.file != "" {
		b.warn(f.Password.line, at, "the password stands in the file itself; password_file keeps it apart")
	}
	return f.Password.secret
}

func (b *builder) passwordFromFile(at string, t text) secret.Secret {
	if t.value == "" {
		b.problems.addf(t.line, at, "is empty; write a path")
		return secret.Secret{}
	}
	if problem := unexpanded(t.value); problem != "" {
		b.problems.addf(t.line, at, "%s", problem)
		return secret.Secret{}
	}
	path := b.besideFile(t.value)
	password, file, err := readPasswordFile(path)
	if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(t.value) {
		err = fmt.Errorf("%w; a relative path starts at the folder of the configuration file", err)
	}
	if err != nil {
		b.problems.add(t.line, at, err)
		return secret.Secret{}
	}
	b.warnOfBlanks(t.line, at, password)
	// Windows has no such bits, and Go makes some up there.
	if file.info.Mode()&0o004 != 0 && runtime.GOOS != "windows" {
		b.warn(t.line, at, fmt.Sprintf("%s can be read by every account on this machine; chmod o= takes that away", path))
	}
	b.passwordFiles = append(b.passwordFiles, file)
	return password
}

func (b *builder) passwordFromEnv(at string, t text) secret.Secret {
	if bare := strings.Trim(t.value, "${}%"); bare != t.value && variableName.MatchString(bare) {
		b.problems.addf(t.line, at, "the name of the environment variable has signs around it; write %s", bare)
		return secret.Secret{}
	}
	value, ok := b.env(t.value)
	if !ok {
		b.problems.addf(t.line, at, "%s is not set; set it where the exporter is started", variable(t.value))
		return secret.Secret{}
	}
	password := secret.New(value)
	if err := checkPassword(password); err != nil {
		b.problems.add(t.line, at, fmt.Errorf("%s %w", variable(t.value), err))
	}
	b.warnOfBlanks(t.line, at, password)
	return password
}

var variableName = regexp.MustCompile(`^([A-Z][A-Z0-9_]*|[a-z]+(_[a-z]+)+)$`)

// variable names an environment variable, unless what is written there may be a password.
func variable(name string) string {
	if !variableName.MatchString(name) {
		return "this environment variable (not shown: it may be a password, whose key is password)"
	}
	return "the environment variable " + name
}

// warnOfBlanks warns of a password that begins or ends with blanks. They may be meant.
func (b *builder) warnOfBlanks(line int, at string, password secret.Secret) {
	if text := password.Reveal(); strings.TrimSpace(text) != text {
		b.warn(line, at, "the password begins or ends with a blank, which is taken as a part of it; remove the blank unless it is one")
	}
}

// onePassword is what to do about two passwords of one account.
const onePassword = "one of them is wrong, and each login with it counts towards locking the account; write one password, or use one auth"

// differ reports whether two auths have different passwords. One that could not be read is a
// problem of its own.
func differ(a, b smbprobe.Auth) bool {
	return !a.Password.IsZero() && !b.Password.IsZero() && !a.Password.Equal(b.Password)
}

// checkAuthorities finds auths for one account of one domain that have different passwords.
// A domain controller counts the failures of both together. Auths without a domain are
// compared for each host, see checkAccount.
func (b *builder) checkAuthorities(shape map[string]fileAuth, auths map[string]smbprobe.Auth) {
	type authority struct{ domain, user string } // lower case
	first := map[authority]smbprobe.Auth{}
	for _, name := range slices.Sorted(maps.Keys(auths)) {
		auth := auths[name]
		if auth.Domain == "" {
			continue
		}
		of := authority{strings.ToLower(auth.Domain), strings.ToLower(auth.Username)}
		other, known := first[of]
		switch {
		case !known:
			first[of] = auth
		case differ(other, auth):
			b.problems.addf(shape[name].Line, "auths."+name, "is the same account as %s (domain and username), with a different password; %s", other.Name, onePassword)
		}
	}
}
