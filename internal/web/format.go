package web

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// unknown is shown on the pages for what is not known.
const unknown = "unknown"

// clockNoise is a difference between clocks that means nothing.
const clockNoise = time.Second

// pageFuncs are what the templates call.
var pageFuncs = template.FuncMap{
	"utc": utc, "ago": ago, "since": since, "span": span, "known": known[int], "bytes": known[int64], "text": knownText, "time": knownTime,
	"moment": moment, "short": short, "milliseconds": milliseconds, "number": number, "entries": entries, "parts": pathParts,
}

// utc is a time for a machine, RFC 3339.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ago is the time that passed.
func ago(now, t time.Time) string { return span(now.Sub(t)) + " ago" }

func since(now, t time.Time) string { return span(now.Sub(t)) }

// span is a span of time for a person: its two largest units.
func span(d time.Duration) string {
	seconds := int64(max(0, d).Round(time.Second) / time.Second)
	for i, unit := range spanUnits {
		if seconds < unit.seconds && i < len(spanUnits)-1 {
			continue
		}
		text := fmt.Sprintf("%d %s", seconds/unit.seconds, unit.name)
		if rest := seconds % unit.seconds; i < len(spanUnits)-2 {
			if next := spanUnits[i+1]; rest/next.seconds > 0 {
				text += fmt.Sprintf(" %d %s", rest/next.seconds, next.name)
			}
		}
		return text
	}
	return ""
}

// spanUnits are the units of span. Seconds stand alone: whoever reads "3 min" needs no more.
var spanUnits = []struct {
	name    string
	seconds int64
}{{"d", 24 * 60 * 60}, {"h", 60 * 60}, {"min", 60}, {"s", 1}}

// tenths rounds to a tenth of a millisecond; what a network takes is not known better.
func tenths(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// milliseconds is how long a part of a probe took.
func milliseconds(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1000
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

func known[T int | int64](n *T) string {
	if n == nil {
		return unknown
	}
	return fmt.Sprint(*n)
}

// entries is the number of entries of a phone book.
func entries(n *int) string {
	switch {
	case n == nil:
		return "an unknown number of entries"
	case *n == 1:
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", *n)
}

func knownText(s string) string { return cmp.Or(s, unknown) }

func knownTime(t *time.Time) string {
	if t == nil {
		return unknown
	}
	return moment(*t)
}

// moment is a time for a person. A zero time is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// short is moment without year and zone, for a narrow column.
func short(t time.Time) string { return t.UTC().Format("Jan 2 15:04:05") }

// readState reports whether the event log or the registry was read, with its class in the
// style sheet.
func readState(readable *bool) (state, level string) {
	switch {
	case readable == nil:
		return "not read: the probe did not get that far, or the module leaves it out", "unclear"
	case *readable:
		return "readable", "good"
	}
	return "not readable", "warning"
}

// shareLevel is the class of the share's state alone, whatever was found behind it: a cause
// that lies elsewhere does not make it look bad.
func shareLevel(r *smbprobe.Result) string {
	switch r.Share {
	case smbprobe.ShareOK:
		return "good"
	case smbprobe.ShareNotProbed:
		return "unclear"
	case smbprobe.ShareLoginFailed, smbprobe.ShareAccountRestricted, smbprobe.ShareGuestOnly, smbprobe.ShareAccessDenied,
		smbprobe.ShareSigningRefused, smbprobe.ShareEncryptionRequired, smbprobe.ShareServerFull, smbprobe.ShareServerPaused:
		return "warning"
	}
	return "bad"
}

// phonebookLevel is the class of the phone book's state alone; unclear if it was not looked
// at, for whatever reason.
func phonebookLevel(r *smbprobe.Result) string {
	p := &r.Phonebook
	missing := slices.ContainsFunc(p.Dialed, func(d phonebook.Dialed) bool { return d.Missing })
	switch p.State {
	case smbprobe.PhonebookUnknown:
		return "unclear"
	case smbprobe.PhonebookLocked, smbprobe.PhonebookElsewhere:
		return "warning"
	case smbprobe.PhonebookOK:
		switch {
		case missing:
			return "bad"
		case broken(p):
			return "warning"
		}
		return "good"
	}
	return "bad"
}

// broken reports whether a phone book of state ok has findings that keep an entry from
// being dialed; false also if that is not known.
func broken(p *smbprobe.PhonebookResult) bool {
	return p.State == smbprobe.PhonebookOK && p.Intact != nil && !*p.Intact
}

// sentence is a text with a capital at its start. Headlines of causes have theirs already: a
// host's name keeps its spelling.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// pathParts splits a registry path after each backslash, where a line may break.
func pathParts(path string) []string { return strings.SplitAfter(path, `\`) }
