package diagnosis

import (
	"fmt"
	"strconv"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// sentence describes what the event log has of a failure.
func (f *dialFailure) sentence() string {
	text := fmt.Sprintf("Event 4106 reported %s for %s, ", codeText(f.Code), entryText(f.Entry, f.Code))
	if f.window != "" {
		text += fmt.Sprintf("%s in the last %s", timesText(f.N), f.window)
	} else {
		text += fmt.Sprintf("in %s of the last seven days", callsText(f.N))
	}
	if !f.last.IsZero() {
		text += ", the last time at " + timeText(f.last) + " by the server's clock"
	}
	text += "."
	if f.unbroken() {
		text += fmt.Sprintf(" So it was in each of the %s that left an event since %s.", callsText(f.calls.UnbrokenCalls), timeText(f.calls.UnbrokenSince))
	}
	return text
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func callsText(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// codeText writes a code with its name and meaning.
func codeText(code string) string {
	switch code {
	case smbprobe.UnknownCode:
		return "a code that could not be read"
	case smbprobe.Other:
		return "codes beyond those that are told apart"
	}
	if e, known := lookupCode(code); known {
		return fmt.Sprintf("[%s] %s (%s)", code, e.Name, e.Meaning)
	}
	return fmt.Sprintf("[%s] (a code without a name)", code)
}

// codeName writes a code with its meaning, for a headline.
func codeName(code string) string {
	if e, known := lookupCode(code); known {
		return fmt.Sprintf("%s [%s]", e.Meaning, code)
	}
	return codeText(code)
}

func lookupCode(code string) (raserror.Error, bool) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return raserror.Error{}, false // not a number: it has no name
	}
	return raserror.Lookup(uint32(n))
}

// entryText names the entry of a failure.
func entryText(entry, code string) string {
	switch {
	case entry == smbprobe.Other && code == smbprobe.Other:
		return "further entries"
	case entry == "":
		return "an entry whose name could not be read"
	}
	return fmt.Sprintf("entry %q", entry)
}
