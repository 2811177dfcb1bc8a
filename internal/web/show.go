package web

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// unknown is shown on the pages for what is not known.
const unknown = "unknown"

// pageFuncs are what the templates call.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"utc": utc, "ago": ago, "tenths": tenths, "known": known[int], "bytes": known[int64], "text": knownText, "time": knownTime, "moment": moment,
	}
}

// utc is a time for a machine, RFC 3339.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ago is the time that passed, to the second.
func ago(now, t time.Time) string {
	return fmt.Sprintf("%s ago", max(0, now.Sub(t)).Round(time.Second))
}

// tenths rounds to a tenth of a millisecond; what a network takes is not known better.
func tenths(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

func known[T int | int64](n *T) string {
	if n == nil {
		return unknown
	}
	return fmt.Sprint(*n)
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

// readState reports whether the event log or the registry was read, with its class in the
// style sheet.
func readState(readable *bool) (state, level string) {
	switch {
	case readable == nil:
		return "not read: switched off in the module, or the probe did not come to it", "unclear"
	case *readable:
		return "readable", "good"
	}
	return "not readable", "warning"
}

// verdictLevel is the class of a verdict in the style sheet.
func verdictLevel(v smbprobe.Verdict) string {
	switch v {
	case smbprobe.VerdictOK:
		return "good"
	case smbprobe.VerdictWarning:
		return "warning"
	case smbprobe.VerdictCritical:
		return "bad"
	}
	return "unclear"
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

// broken reports whether a book of state ok has findings that keep an entry from
// being dialled; false also if that is not known.
func broken(p *smbprobe.PhonebookResult) bool {
	return p.State == smbprobe.PhonebookOK && p.Intact != nil && !*p.Intact
}
