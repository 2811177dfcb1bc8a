package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// badHost returns the error for what a user has written in place of a host; err is that of
// parseEndpoint.
func badHost(s string, err error) error {
	if hint := hostHint(s); hint != "" {
		return fmt.Errorf("%s %s", Quote(maskUser(s)), hint)
	}
	return fmt.Errorf("%s is not a host: %w", Quote(maskUser(s)), err)
}

// maskUser masks what stands before the last @, where a password may be, as in
// smb://user:password@exch01 or user%password@exch01.
func maskUser(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s
	}
	scheme := ""
	if end := strings.Index(s[:at], "://"); end >= 0 {
		scheme = s[:end+len("://")]
	}
	return scheme + "***" + s[at:]
}

// isHostRange reports whether a text that could be a name is a range of addresses.
func isHostRange(s string) bool {
	return s != "" && s[0] >= '0' && s[0] <= '9' && hostRange.MatchString(s)
}

// badTargetError is badHost of a request: ErrBadTarget.
type badTargetError struct{ err error }

func (e *badTargetError) Error() string { return e.err.Error() }

func (e *badTargetError) Unwrap() []error { return []error{ErrBadTarget, e.err} }

var hostRange = regexp.MustCompile(`^[0-9]+(\.[0-9]+){3}-[0-9.]+$`)

// hostHint describes what a user has written in place of a host, and what to write instead;
// empty if it cannot be guessed.
func hostHint(s string) string {
	switch {
	case s == "":
		return "is not a host; write a name or an address"
	case strings.Contains(s, "://"):
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			return "is a URL; write the host alone"
		}
		return "is a URL; write the host alone: " + withoutUser(u.Host)
	case strings.HasPrefix(s, `\\`), strings.HasPrefix(s, "//"):
		return "is a UNC path; write the host alone" + firstPart(withoutUser(s[2:]))
	case strings.ContainsAny(s, "“”„‘’«»\"'`"):
		return "has quotation marks that are part of the name; write it without them, or with plain ones around the whole value"
	}
	if _, err := netip.ParsePrefix(s); err == nil || isHostRange(s) || strings.ContainsAny(s, "*?") {
		return "is a range, and ranges are not taken: anyone who holds an address in one could ask for it and be handed the login; list each host by name or address"
	}
	switch {
	case strings.ContainsAny(s, `/\`):
		return "is a path; write the host alone" + hostOfPath(s)
	case strings.ContainsAny(s, ",;") || len(strings.Fields(s)) > 1:
		return "is more than one host; write each as an item of its own"
	case strings.TrimSpace(s) != s:
		return "has blanks around it; write it without them"
	case strings.Contains(s, "@"):
		return "has an @; write the host alone" + firstPart(withoutUser(s))
	}
	return ""
}

// firstPart is the end of a sentence that proposes the host at the beginning of a path; empty
// if what is there is none.
func firstPart(path string) string {
	host := path
	if end := strings.IndexAny(path, `/\`); end >= 0 {
		host = path[:end]
	}
	if _, _, err := parseEndpoint(host); err != nil {
		return ""
	}
	return fmt.Sprintf(": %s", host)
}

// hostOfPath is firstPart, unless a backslash shows that the first part may be a domain, as in
// CORP\exch01.
func hostOfPath(path string) string {
	if host, rest, ok := strings.Cut(path, `\`); ok && !strings.Contains(host, "/") && rest != "" && !strings.Contains(rest, "$") {
		return ""
	}
	return firstPart(withoutUser(path))
}

// withoutUser cuts what stands before the last @.
func withoutUser(s string) string { return s[strings.LastIndexByte(s, '@')+1:] }
