package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func textOf(t *testing.T, r *smbprobe.Result, colour bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, r, colour); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for name, r := range cases() {
		t.Run(name, func(t *testing.T) {
			text := textOf(t, r, false)
			golden(t, "probe_"+name+".txt", text)
			first, rest, _ := strings.Cut(text, "\n")
			if strings.Contains(first, "|") || !strings.HasPrefix(first, r.Verdict().String()+" "+r.Target+": ") {
				t.Errorf("not for a monitoring plugin: %q", first)
			}
			for line := range strings.Lines(rest) {
				line = strings.TrimSuffix(line, "\n")
				if textWidth(line) > columns && !strings.Contains(line, "net start") {
					t.Errorf("%d columns: %q", textWidth(line), line)
				}
				if line != strings.TrimRight(line, " ") || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("blanks at the end, or what does not print: %q", line)
				}
			}
		})
	}
}

// TestTextColour: colour changes nothing but colour.
func TestTextColour(t *testing.T) {
	golden(t, "probe_share_removed_in_colour.txt", textOf(t, shareRemoved(), true))
	escapes := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "")
	for name, r := range cases() {
		coloured := textOf(t, r, true)
		if plain := textOf(t, r, false); escapes.Replace(coloured) != plain || coloured == plain {
			t.Errorf("%s: colour changes the text, or is not there:\n%s", name, coloured)
		}
	}
}

// TestTextIsShort: a usual report fits on a screen.
func TestTextIsShort(t *testing.T) {
	if n := strings.Count(textOf(t, healthy(), false), "\n"); n > 26 {
		t.Errorf("%d lines", n)
	}
}

// TestTextCommand: a command is whole, on a line of its own, without its backticks.
func TestTextCommand(t *testing.T) {
	text := textOf(t, hostile(), false)
	want := "net start " + strings.Repeat("x", 256) + " | more\n"
	if !strings.Contains(text, "  "+want) || strings.Contains(text, "`net start") {
		t.Errorf("no line %q in\n%s", want, text)
	}
}

// brokenWriter takes nothing.
type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestTextTellsOfAWriterThatFails(t *testing.T) {
	if err := Text(brokenWriter{}, healthy(), false); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func TestHeadline(t *testing.T) {
	cause := func(s smbprobe.Severity, headline string, articles ...string) smbprobe.Cause {
		return smbprobe.Cause{Severity: s, Headline: headline, Articles: articles}
	}
	info, warning, critical := cause(smbprobe.SeverityInfo, "i"), cause(smbprobe.SeverityWarning, "w"), cause(smbprobe.SeverityCritical, "c", "Q1", "Q2")
	const sound = "the share is open and the phone book is sound"
	for name, test := range map[string]struct {
		change func(*smbprobe.Result)
		causes []smbprobe.Cause
		want   string
	}{
		"none":                     {nil, nil, sound},
		"info alone":               {nil, []smbprobe.Cause{info}, sound},
		"the first that is as bad": {nil, []smbprobe.Cause{info, warning, critical}, "c (Q1)"},
		"without an article":       {nil, []smbprobe.Cause{warning}, "w"},
		"a state without a cause":  {func(r *smbprobe.Result) { r.Share, r.ShareError = smbprobe.ShareNotProbed, "late" }, nil, "not_probed: late"},
		"event log not readable":   {func(r *smbprobe.Result) { r.Eventlog.Readable = new(false) }, nil, sound + ", the event log could not be read"},
		"event log not asked":      {func(r *smbprobe.Result) { r.Eventlog = smbprobe.EventlogResult{} }, nil, sound},
		"failures not known":       {func(r *smbprobe.Result) { r.Eventlog.Windows = nil }, nil, sound + ", failures to dial are not known"},
		"failures": {func(r *smbprobe.Result) {
			r.Eventlog.Windows[1].Failures = new(1)
			r.Eventlog.Windows[2].Failures = nil
		}, nil, sound + ", 1 failure to dial in 1h"},
		"book":    {func(r *smbprobe.Result) { r.Phonebook.State = smbprobe.PhonebookMissing }, nil, "share open, phone book missing"},
		"entries": {func(r *smbprobe.Result) { r.Phonebook.Intact = new(false) }, nil, "the phone book has entries that cannot be dialed"},
		"a check got no answer": {func(r *smbprobe.Result) {
			r.Success, r.Eventlog = false, smbprobe.EventlogResult{Readable: new(false), Error: "late"}
		}, nil, sound + ", but a check got no answer: not all is known of the event log"},
		"several got none": {func(r *smbprobe.Result) {
			r.Success = false
			r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: "late"}
			r.Registry.Error, r.Services[1].Error = "late", "late"
		}, []smbprobe.Cause{info}, sound + ", but a check got no answer: not all is known of the event log, the registry, the services"},
		"the event log was refused, and the host did not answer": {func(r *smbprobe.Result) {
			r.Success, r.Host.Error = false, "late"
			r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: "denied", Status: smb.StatusAccessDenied}
		}, nil, sound + ", but a check got no answer: not all is known of the services"},
		"a silent call beside refusals": {func(r *smbprobe.Result) {
			r.Success, r.Registry.Error, r.SilentCalls = false, "access denied", []string{"NetrRemoteTOD"}
		}, nil, sound + ", but NetrRemoteTOD got no answer"},
		"no answer to an unknown check":        {func(r *smbprobe.Result) { r.Success = false }, nil, sound + ", but a check got no answer"},
		"no answer, and a cause that is worse": {func(r *smbprobe.Result) { r.Success = false }, []smbprobe.Cause{warning}, "w"},
		"dialed entry":                         {func(r *smbprobe.Result) { r.Phonebook.Dialed = bookDamaged().Phonebook.Dialed[1:] }, nil, `the dialed entry "Gone" is not in the phone book`},
	} {
		t.Run(name, func(t *testing.T) {
			r := healthy()
			if test.change != nil {
				test.change(r)
			}
			r.Causes = test.causes
			if got := Headline(r); got != test.want {
				t.Errorf("%q, expected %q", got, test.want)
			}
		})
	}
}

// TestTextNamesTheShare: what the server says of the module's share is said of that one.
func TestTextNamesTheShare(t *testing.T) {
	for name, want := range map[string]string{"": "no share ADMIN$", "ADMIN$": "no share ADMIN$", "C$": "no share C$"} {
		r := healthy()
		r.ShareName, r.Host.AdminShare = name, new(false)
		if text := textOf(t, r, false); !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%q: no %q in\n%s", name, want, text)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*smbprobe.Result)
		want   string
	}{
		"all answered":           {func(r *smbprobe.Result) { r.Success, r.Registry.Error = true, "refused" }, ""},
		"the share says it":      {func(r *smbprobe.Result) { r.Share = smbprobe.ShareTimeout }, ""},
		"the phone book says it": {func(r *smbprobe.Result) { r.Phonebook.State = smbprobe.PhonebookUnknown }, ""},
		"a book that is damaged": {func(r *smbprobe.Result) { r.Phonebook.State, r.Registry.Error = smbprobe.PhonebookDamaged, "late" }, "a check got no answer: not all is known of the registry"},
	} {
		r := healthy()
		r.Success = false
		test.change(r)
		if got := NoAnswer(r); got != test.want {
			t.Errorf("%s: %q, expected %q", name, got, test.want)
		}
	}
}
