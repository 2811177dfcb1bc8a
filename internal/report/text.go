// Package report writes what a probe found for a person to read.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
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
		fmt.Fprintf(&b, "  written      %s\n", r.Phonebook.Modified.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
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
	return "the share is open and the phone book can be read"
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
