package diagnosis

import (
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// sentence describes what the event log has of a failure.
func (f *dialFailure) sentence() string {
	var text strings.Builder
	text.Grow(256) // most fit
	write := func(parts ...string) {
		for _, p := range parts {
			text.WriteString(p)
		}
	}
	write("Event 4106 reported ", codeText(f.Code), " for ", entryText(f.Entry, f.Code), ", ")
	if f.window != "" {
		write(timesText(f.N), " in the last ", f.window)
	} else {
		write("in ", callsText(f.N), " of the last seven days")
	}
	if !f.last.IsZero() {
		write(", the last time at ", timeText(f.last), " by the server's clock")
	}
	write(".")
	if f.unbroken() {
		write(" So it was in each of the ", callsText(f.calls.UnbrokenCalls), " that left an event since ", timeText(f.calls.UnbrokenSince), ".")
	}
	return text.String()
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

func callsText(n int) string {
	if n == 1 {
		return "1 call"
	}
	return strconv.Itoa(n) + " calls"
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
		return "[" + code + "] " + e.Name + " (" + e.Meaning + ")"
	}
	return "[" + code + "] (a code without a name)"
}

// codeName writes a code with its meaning, for a headline.
func codeName(code string) string {
	if e, known := lookupCode(code); known {
		return e.Meaning + " [" + code + "]"
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
	return "entry " + strconv.Quote(entry)
}
