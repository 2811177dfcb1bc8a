package config

import (
	"cmp"
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
	return 0, fmt.Errorf("%s is not a duration from 100ms to 5m; write %s", Quote(s), DurationHint(s, minTimeout, maxTimeout, "500ms, 10s or 1m30s"))
}

// DurationHint returns how a duration is spelled that lacks its unit, or has one of another
// notation; examples if it cannot be guessed, or is shorter than least or longer than limit.
func DurationHint(s string, least, limit time.Duration, examples string) string {
	number, unit := splitUnit(s)
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || value < 0 {
		return examples
	}
	units := map[string]time.Duration{
		"": time.Second, "s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
		"ms": time.Millisecond, "msec": time.Millisecond, "milliseconds": time.Millisecond,
		"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
		"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	}
	of, ok := units[unit]
	if !ok || value*float64(of) < float64(least) || value*float64(of) > float64(limit) {
		return examples
	}
	guess := model.Duration(value * float64(of)).String()
	if guess == s {
		return examples
	}
	return guess
}

// splitUnit splits "10 Seconds" into "10" and "seconds".
func splitUnit(s string) (number, unit string) {
	s = strings.ToLower(strings.TrimSpace(s))
	end := strings.LastIndexAny(s, "0123456789.") + 1
	return s[:end], strings.TrimSpace(s[end:])
}

// parseInterval takes min_interval.
func parseInterval(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if t := time.Duration(d); err == nil && t <= maxInterval {
		return t, nil
	}
	return 0, fmt.Errorf("%s is not a duration from 0s to 1m; write %s", Quote(s), DurationHint(s, 0, maxInterval, "5s, or 0s to probe at every request"))
}

// parseSession takes session.
func parseSession(s string) (string, error) {
	switch s {
	case smbprobe.SessionPerProbe, smbprobe.SessionKept:
		return s, nil
	}
	return "", fmt.Errorf("%s is neither %s nor %s", Quote(s), smbprobe.SessionPerProbe, smbprobe.SessionKept)
}

// parseSize takes KiB and MiB as powers of two, kB and MB as powers of ten.
func parseSize(s string) (int64, error) {
	if n, err := parseUnits(s); err == nil {
		return n, nil
	}
	return 0, fmt.Errorf("%s is not a size from 1KiB to 64MiB; write %s", Quote(s), sizeHint(s))
}

// sizeHint returns how a size is spelled that lacks its unit, or has it in other letters;
// examples if it cannot be guessed.
func sizeHint(s string) string {
	number, unit := splitUnit(s)
	unit = map[string]string{"": "B", "b": "B", "bytes": "B", "k": "KiB", "kb": "KiB", "kib": "KiB", "m": "MiB", "mb": "MiB", "mib": "MiB"}[unit]
	guess := number + unit
	if _, err := parseUnits(guess); err != nil || unit == "" || guess == s {
		return "512KiB or 1MiB"
	}
	return guess
}

func parseUnits(s string) (int64, error) {
	n, err := units.ParseStrictBytes(s)
	if err == nil && (n < minPhonebook || n > maxPhonebook) {
		err = errors.New("out of bounds")
	}
	return n, err
}

func parseEventID(s string) (uint16, error) {
	id, err := strconv.ParseUint(s, 10, 16)
	if err == nil && id > 0 {
		return uint16(id), nil
	}
	return 0, fmt.Errorf("%s is not an event ID from 1 to 65535; write the number alone, as in 4106", Quote(s))
}

// oneOf takes one of some words, as they are spelled.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if slices.Contains(words, s) {
			return s, nil
		}
		if word := Closest(s, words); word != "" {
			return "", fmt.Errorf("%s is none of %s; write %s", Quote(s), strings.Join(words, ", "), word)
		}
		return "", fmt.Errorf("%s is none of %s", Quote(s), strings.Join(words, ", "))
	}
}

// parseNetBIOSName takes the name in any case; on the wire it is upper case
// (RFC 1001 14.1, MS-NBTE 2.2.1). Empty is no name.
func parseNetBIOSName(s string) (string, error) {
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(notInNames, r) {
			return "", fmt.Errorf("%s is not a NetBIOS name; write ASCII characters without spaces, and none of %s", Quote(s), notInNames)
		}
	}
	if len(s) > maxNetBIOSName {
		return "", fmt.Errorf("%s is longer than the %d bytes of a NetBIOS name", Quote(s), maxNetBIOSName)
	}
	return strings.ToUpper(s), nil
}

// parseName takes a name that a server gave something: of an entry, of an event source.
func parseName(s string) (string, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return "", errors.New("is empty; write a name")
	case !isPrintable(s):
		return "", fmt.Errorf("%s has control characters", Quote(s))
	case utf8.RuneCountInString(s) > maxName:
		return "", fmt.Errorf("%s is longer than %d characters", Quote(s), maxName)
	}
	return s, nil
}

// parseBareName takes a name that is one part of a path: of a share, a log, a service.
func parseBareName(s string) (string, error) {
	if _, err := parseName(s); err != nil {
		return "", err
	}
	if strings.ContainsAny(s, notInNames) || strings.Trim(s, ". ") == "" {
		if last := s[strings.LastIndexAny(s, `\/`)+1:]; last != s && last != "" && !strings.ContainsAny(last, notInNames) {
			return "", fmt.Errorf("%s is not a bare name; write %s", Quote(s), last)
		}
		return "", fmt.Errorf("%s is not a bare name; write it without a path, and with none of %s", Quote(s), notInNames)
	}
	return s, nil
}

// parseShare takes the bare name of a share. Of a longer path it suggests the part that is the
// share: \\server\share\folder, share\folder.
func parseShare(s string) (string, error) {
	share, err := parseBareName(s)
	parts := strings.Split(strings.ReplaceAll(s, "/", `\`), `\`)
	switch {
	case err == nil || len(parts) == 1:
		return share, err
	case len(parts) > 3 && parts[0] == "" && parts[1] == "":
		parts = parts[3:]
	case parts[0] == "":
		parts = parts[1:]
	}
	if _, bad := parseBareName(parts[0]); bad != nil {
		return "", fmt.Errorf("%s is not a bare name; write it as in ADMIN$", Quote(s))
	}
	return "", fmt.Errorf("%s is not a bare name; write %s", Quote(s), parts[0])
}

// parseLog takes the name of an event log, which is not that of its file.
func parseLog(s string) (string, error) {
	log, err := parseBareName(s)
	if !strings.HasSuffix(strings.ToLower(s), ".evt") {
		return log, err
	}
	file := strings.ToLower(s[strings.LastIndexAny(s, `\/`)+1:])
	name := map[string]string{"sysevent.evt": "System", "secevent.evt": "Security"}[file]
	return "", fmt.Errorf("%s is the file of an event log; write the log's name: %s", Quote(s), cmp.Or(name, "Application"))
}

// parsePath takes a path relative to the share, and gives it with backslashes
// and without one at its beginning.
func parsePath(s string) (string, error) {
	path := strings.TrimPrefix(strings.ReplaceAll(s, "/", `\`), `\`)
	if strings.HasPrefix(path, "%") {
		return "", fmt.Errorf(`%s begins with a variable, which is not replaced; write it relative to the share, as in System32\Ras\rasphone.pbk`, Quote(s))
	}
	for part := range strings.SplitSeq(path, `\`) {
		if _, err := parseBareName(part); err != nil {
			return "", fmt.Errorf(`%s is not a path relative to the share; write it as System32\Ras\rasphone.pbk, without server, drive, "..", empty parts and wildcards`, Quote(s))
		}
	}
	if utf8.RuneCountInString(path) > maxName {
		return "", fmt.Errorf("%s is longer than %d characters", Quote(s), maxName)
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
			s.problems.addf(t.line, at, "%s is in the list twice; names are the same whatever their case", Quote(name))
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
			hint := DurationHint(t.value, time.Millisecond, maxWindow, "15m, 1h or 24h")
			if _, err := strconv.ParseUint(t.value, 10, 32); err == nil {
				hint = "15m, 1h or 24h" // the unit cannot be guessed
			}
			s.problems.addf(t.line, at, "%s is not a duration of at most 31d; write %s", Quote(t.value), hint)
			continue
		}
		if same := slices.IndexFunc(windows, func(w smbprobe.Window) bool { return w.Duration == d }); same >= 0 {
			s.problems.addf(t.line, at, "%s is as long as %s; keep one of them", Quote(t.value), Quote(windows[same].Label))
			continue
		}
		windows = append(windows, smbprobe.Window{Label: t.value, Duration: d})
	}
	return windows
}

func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
