package web

import (
	"cmp"
	"fmt"
	"html/template"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
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

// stateLevel is the class of the verdict that share and phone book alone give: a cause
// that lies elsewhere makes neither look bad, and neither does another check that got no
// answer.
func stateLevel(r *smbprobe.Result) string {
	states := smbprobe.Result{Success: true, Share: r.Share, Phonebook: r.Phonebook}
	return verdictLevel(states.Verdict())
}

// shareLevel is good for an open share, whatever was found behind it.
func shareLevel(r *smbprobe.Result) string {
	if r.Share == smbprobe.ShareOK {
		return "good"
	}
	return stateLevel(r)
}

// phonebookLevel is unclear for a phone book that was not read, whatever the reason.
func phonebookLevel(r *smbprobe.Result) string {
	if r.Phonebook.State == smbprobe.PhonebookUnknown {
		return "unclear"
	}
	return stateLevel(r)
}

// broken reports whether a book of state ok has findings that keep an entry from
// being dialled; false also if that is not known.
func broken(p *smbprobe.PhonebookResult) bool {
	return p.State == smbprobe.PhonebookOK && p.Intact != nil && !*p.Intact
}
