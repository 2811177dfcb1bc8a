// Package report writes what a probe found for a person to read.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// Text writes a report. Its first line is fit for a monitoring plugin: verdict,
// target, what was found.
func Text(w io.Writer, r *smbprobe.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", r.Verdict(), r.Target, Summary(r))
	if r.Address != "" {
		fmt.Fprintf(&b, "  address      %s\n", r.Address)
	}
	if s := r.Server; s != nil {
		fmt.Fprintf(&b, "  server       %s\n", strings.Join(texts(s.OS, s.LANManager, s.NetBIOSName, s.Domain, s.Dialect), ", "))
	}
	if r.ClockOffset != nil {
		fmt.Fprintf(&b, "  clock        %s off\n", r.ClockOffset.Round(time.Millisecond))
	}
	fmt.Fprintf(&b, "  share        %s\n", stateLine(string(r.Share), r.ShareError))
	fmt.Fprintf(&b, "  phone book   %s\n", stateLine(string(r.Phonebook.State), r.Phonebook.Error))
	if r.Phonebook.Size != nil {
		fmt.Fprintf(&b, "  size         %d bytes\n", *r.Phonebook.Size)
	}
	if r.Phonebook.Modified != nil {
		fmt.Fprintf(&b, "  written      %s\n", utc(*r.Phonebook.Modified))
	}
	if r.Phonebook.Entries != nil {
		fmt.Fprintf(&b, "  entries      %d\n", *r.Phonebook.Entries)
	}
	for _, f := range r.Phonebook.Findings {
		fmt.Fprintf(&b, "  finding      %s\n", findingLine(f))
	}
	for _, d := range r.Phonebook.Dialed {
		fmt.Fprintf(&b, "  dialed entry %q: %s\n", d.Name, dialedText(d))
	}
	b.WriteString(eventlogText(&r.Eventlog))
	var steps []string
	for _, s := range r.Steps {
		steps = append(steps, fmt.Sprintf("%s %s", s.Step, s.Duration.Round(100*time.Microsecond)))
	}
	fmt.Fprintf(&b, "  steps        %s\n", strings.Join(steps, ", "))
	fmt.Fprintf(&b, "  took         %s, %d round trips\n", r.Duration.Round(100*time.Microsecond), r.RoundTrips)
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary says in one line what a result means.
func Summary(r *smbprobe.Result) string {
	if r.Share != smbprobe.ShareOK {
		return stateLine(string(r.Share), r.ShareError)
	}
	if r.Phonebook.State != smbprobe.PhonebookOK {
		return "share open, phone book " + stateLine(string(r.Phonebook.State), r.Phonebook.Error)
	}
	for _, d := range r.Phonebook.Dialed {
		if !d.Usable {
			return fmt.Sprintf("the dialed entry %q is %s", d.Name, dialedText(d))
		}
	}
	if intact := r.Phonebook.Intact; intact != nil && !*intact {
		return "the phone book has entries that cannot be dialled"
	}
	return "the share is open and the phone book is sound"
}

func dialedText(d phonebook.Dialed) string {
	switch {
	case d.Usable:
		return "usable"
	case d.Missing:
		return "not in the phone book"
	case d.TooLong:
		return fmt.Sprintf("longer than the %d characters that the Internet Mail Service dials", phonebook.MaxDialedName)
	}
	return "not usable"
}

// findingLine says a finding in one line.
func findingLine(f phonebook.Finding) string {
	parts := []string{string(f.Class), string(f.Check)}
	if f.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", f.Line))
	}
	if f.Entry != "" {
		parts = append(parts, fmt.Sprintf("entry %q", f.Entry))
	}
	if f.Detail != "" {
		parts = append(parts, f.Detail)
	}
	return strings.Join(parts, ", ")
}

func stateLine(state, why string) string {
	if why == "" {
		return state
	}
	return state + ": " + strings.Join(strings.Fields(why), " ")
}

// texts returns those that are not empty.
func texts(all ...string) []string {
	var known []string
	for _, t := range all {
		if t != "" {
			known = append(known, t)
		}
	}
	return known
}
