package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// eventlogText says what is known of the event log, a line each thing.
func eventlogText(e *smbprobe.EventlogResult) string {
	if e.Readable == nil {
		return ""
	}
	var b strings.Builder
	if !*e.Readable {
		fmt.Fprintf(&b, "  event log    not readable: %s\n", strings.Join(strings.Fields(e.Error), " "))
		return b.String()
	}
	if e.Records != nil {
		fmt.Fprintf(&b, "  event log    %d records", *e.Records)
		if e.Oldest != nil {
			fmt.Fprintf(&b, " since %s", utc(*e.Oldest))
		}
		b.WriteByte('\n')
	}
	if e.Error != "" {
		fmt.Fprintf(&b, "  failures     %s\n", e.Error)
	}
	for _, w := range e.Windows {
		fmt.Fprintf(&b, "  failures     %s in %s", countText(w.Failures), w.Label)
		for i, c := range w.ByError {
			fmt.Fprintf(&b, "%s%d of %q with code %s", map[bool]string{true: ": ", false: ", "}[i == 0], c.N, c.Entry, c.Code)
			if c.Error != "" {
				fmt.Fprintf(&b, " %s", c.Error)
			}
		}
		if !w.Covered {
			b.WriteString(" (the log does not reach back so far)")
		}
		b.WriteByte('\n')
	}
	for _, f := range e.LastFailures {
		fmt.Fprintf(&b, "  last failure %s, %q with code %s\n", utc(f.At), f.Entry, f.Code)
	}
	return b.String()
}

func countText(n *int) string {
	if n == nil {
		return "an unknown number"
	}
	return fmt.Sprint(*n)
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
