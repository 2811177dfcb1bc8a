package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Bounds of the values of a module.
const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = 5 * time.Minute

	maxInterval = time.Minute // of min_interval

	minPhonebook = int64(units.KiB)
	maxPhonebook = int64(64 * units.MiB)

	maxWindow  = 31 * 24 * time.Hour
	maxWindows = 10

	maxDialedEntries = 100
	maxServices      = 20
	maxModules       = 20 // of one target

	maxName        = 256 // characters of a name on the server
	maxNetBIOSName = 15  // bytes; RFC 1001 14.1 has 16, and the last one is the suffix
)

// notInNames are the characters that no file, share, service or NetBIOS name has.
const notInNames = `\/:*?"<>|`

func parseTimeout(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if t := time.Duration(d); err == nil && t >= minTimeout && t <= maxTimeout {
		return t, nil
	}
	return 0, fmt.Errorf("%.80q is not a duration from 100ms to 5m; write 500ms, 10s or 1m30s", s)
}

// parseInterval takes min_interval.
func parseInterval(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if t := time.Duration(d); err == nil && t <= maxInterval {
		return t, nil
	}
	return 0, fmt.Errorf("%.80q is not a duration from 0s to 1m; write 5s, or 0s to probe at every request", s)
}

// parseSession takes session.
func parseSession(s string) (string, error) {
	switch s {
	case smbprobe.SessionPerProbe, smbprobe.SessionKept:
		return s, nil
	}
	return "", fmt.Errorf("%.80q is neither %s nor %s", s, smbprobe.SessionPerProbe, smbprobe.SessionKept)
}

// parseSize takes KiB and MiB as powers of two, kB and MB as powers of ten.
func parseSize(s string) (int64, error) {
	n, err := units.ParseStrictBytes(s)
	if err == nil && n >= minPhonebook && n <= maxPhonebook {
		return n, nil
	}
	return 0, fmt.Errorf("%.80q is not a size from 1KiB to 64MiB; write 512KiB or 1MiB", s)
}

func parseEventID(s string) (uint16, error) {
	id, err := strconv.ParseUint(s, 10, 16)
	if err == nil && id > 0 {
		return uint16(id), nil
	}
	return 0, fmt.Errorf("%.80q is not an event ID from 1 to 65535; write the number alone, as in 4106", s)
}

// oneOf takes one of some words, as they are spelled.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if slices.Contains(words, s) {
			return s, nil
		}
		return "", fmt.Errorf("%.80q is none of %s", s, strings.Join(words, ", "))
	}
}

// parseNetBIOSName takes the name in any case; on the wire it is upper case
// (RFC 1001 14.1, MS-NBTE 2.2.1). Empty is no name.
func parseNetBIOSName(s string) (string, error) {
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(notInNames, r) {
			return "", fmt.Errorf("%.80q is not a NetBIOS name; write ASCII characters without spaces, and none of %s", s, notInNames)
		}
	}
	if len(s) > maxNetBIOSName {
		return "", fmt.Errorf("%.80q is longer than the %d bytes of a NetBIOS name", s, maxNetBIOSName)
	}
	return strings.ToUpper(s), nil
}

// parseName takes a name that a server gave something: of an entry, of an event source.
func parseName(s string) (string, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return "", errors.New("is empty; write a name")
	case !isPrintable(s):
		return "", fmt.Errorf("%.80q has control characters", s)
	case utf8.RuneCountInString(s) > maxName:
		return "", fmt.Errorf("%.80q... is longer than %d characters", s, maxName)
	}
	return s, nil
}

// parseBareName takes a name that is one part of a path: of a share, a log, a service.
func parseBareName(s string) (string, error) {
	if _, err := parseName(s); err != nil {
		return "", err
	}
	if strings.ContainsAny(s, notInNames) || strings.Trim(s, ". ") == "" {
		return "", fmt.Errorf("%.80q is not a bare name; write it without a path, and with none of %s", s, notInNames)
	}
	return s, nil
}

// parsePath takes a path relative to the share, and gives it with backslashes
// and without one at its beginning.
func parsePath(s string) (string, error) {
	path := strings.TrimPrefix(strings.ReplaceAll(s, "/", `\`), `\`)
	for part := range strings.SplitSeq(path, `\`) {
		if _, err := parseBareName(part); err != nil {
			return "", fmt.Errorf(`%.300q is not a path relative to the share; write it as System32\Ras\rasphone.pbk, without server, drive, "..", empty parts and wildcards`, s)
		}
	}
	if utf8.RuneCountInString(path) > maxName {
		return "", fmt.Errorf("%.80q... is longer than %d characters", s, maxName)
	}
	return path, nil
}

// readNames reads a list of names, no two of them the same to a server, which
// does not look at their case. A list that the file does not have is the
// fallback; an empty list is empty.
func readNames(s section, key string, list []text, fallback []string, limit int, parse func(string) (string, error)) []string {
	if list == nil {
		return fallback
	}
	if len(list) > limit {
		s.problems.addf(list[limit].line, s.path+"."+key, "has %d names; %d are allowed", len(list), limit)
		return fallback
	}
	names := make([]string, 0, len(list))
	for i, t := range list {
		at := fmt.Sprintf("%s.%s[%d]", s.path, key, i)
		name, err := parse(t.value)
		switch {
		case err != nil:
			s.problems.add(t.line, at, err)
		case slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }):
			s.problems.addf(t.line, at, "%.80q is in the list twice; names are the same whatever their case", name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// readWindows reads the windows; each keeps its spelling, which becomes a
// label. moduleLine is for a list that is empty and so has no line.
func readWindows(s section, list []text, moduleLine int, fallback []smbprobe.Window) []smbprobe.Window {
	at := s.path + ".windows"
	switch {
	case list == nil:
		return fallback
	case len(list) == 0:
		s.problems.addf(moduleLine, at, "has no window; list one at least, or write enabled: false")
		return fallback
	case len(list) > maxWindows:
		s.problems.addf(list[maxWindows].line, at, "has %d windows; %d are allowed", len(list), maxWindows)
		return fallback
	}
	var windows []smbprobe.Window
	for i, t := range list {
		at := fmt.Sprintf("%s.windows[%d]", s.path, i)
		parsed, err := model.ParseDuration(t.value)
		d := time.Duration(parsed)
		if err != nil || d <= 0 || d > maxWindow {
			s.problems.addf(t.line, at, "%.80q is not a duration of at most 31d; write 15m, 1h or 24h", t.value)
			continue
		}
		if same := slices.IndexFunc(windows, func(w smbprobe.Window) bool { return w.Duration == d }); same >= 0 {
			s.problems.addf(t.line, at, "%.80q is as long as %q; keep one of them", t.value, windows[same].Label)
			continue
		}
		windows = append(windows, smbprobe.Window{Label: t.value, Duration: d})
	}
	return windows
}

func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
