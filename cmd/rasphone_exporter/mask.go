package main

import (
	"io"
	"regexp"
	"slices"
	"strings"
)

// Passwords that are typed where none is taken: messages quote arguments, and must not show them.
var (
	// userInfo is what stands before the last @ of an argument, with a password in it.
	userInfo = regexp.MustCompile(`^(?:--?[a-z.-]+=)?(?:[A-Za-z][A-Za-z0-9+.-]*://|[\\/]+)?([^@]*[:%].*)@`)
	// assignment gives a password to a name: RASPHONE_PASSWORD=hunter2, password:hunter2.
	assignment = regexp.MustCompile(`(?i)^[-/]*[a-z_.-]*(?:pass|passwd|password|passphrase|pwd|pw)[=:](.+)$`)
	// shortUser is a user name with a password behind it, as smbclient and curl take it.
	shortUser = regexp.MustCompile(`^-[uU]=?([^%:]+[%:].+)$`)
	// userFlag and passwordFlag are flags whose value is the next argument.
	userFlag     = regexp.MustCompile(`^(?:-[uU]|--user(?:name)?)$`)
	passwordFlag = regexp.MustCompile(`(?i)^(?:-p|--?(?:pass|passwd|password|passphrase|pwd|pw))$`)
)

// typedSecrets returns the parts of the arguments that may be passwords, the longest first.
func typedSecrets(args []string) []string {
	var secrets []string
	for i, arg := range args {
		if strings.HasPrefix(arg, "--dialed-entry=") || i > 0 && args[i-1] == "--dialed-entry" {
			continue // any text may be the name of an entry
		}
		for _, pattern := range []*regexp.Regexp{userInfo, assignment, shortUser} {
			if m := pattern.FindStringSubmatch(arg); m != nil {
				secrets = append(secrets, m[1])
			}
		}
		if i == 0 || strings.HasPrefix(arg, "-") {
			continue
		}
		switch before := args[i-1]; {
		case passwordFlag.MatchString(before) && !isCommand(arg):
			secrets = append(secrets, arg)
		case userFlag.MatchString(before) && strings.ContainsAny(arg, ":%"):
			secrets = append(secrets, arg)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}

// isCommand reports whether a word is the name of a command.
func isCommand(word string) bool {
	_, commands, _ := application()
	return commands[word] != nil
}

// masked returns a writer that writes to w without the secrets: w itself if there are none.
func masked(w io.Writer, secrets []string) io.Writer {
	if len(secrets) == 0 {
		return w
	}
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "***")
	}
	return &maskingWriter{w, strings.NewReplacer(pairs...)}
}

// maskingWriter masks secrets that are within one write.
type maskingWriter struct {
	to    io.Writer
	masks *strings.Replacer
}

func (m *maskingWriter) Write(p []byte) (int, error) {
	if _, err := m.masks.WriteString(m.to, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
