package phonebook

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// readBooks returns the phone books of a folder of testdata, by file name without
// "synthetic_" and ".pbk".
func readBooks(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "synthetic_*.pbk"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatalf("no phone book in testdata/%s", folder)
	}
	books := make(map[string][]byte)
	for _, path := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "synthetic_"), ".pbk")
		books[name] = readFile(t, path)
	}
	return books
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkText checks a text with LF as a phone book with CRLF.
func checkText(text string, o Options) *Report {
	return Check(Parse([]byte(crlf(text))), o)
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// countsOf returns how often each check found something.
func countsOf(r *Report) map[CheckID]int {
	counts := make(map[CheckID]int)
	for _, c := range r.Counts {
		counts[c.Check] = c.N
	}
	return counts
}

// fill returns a file of at least size bytes, made of one entry over and over
// with a number in place of NAME.
func fill(entry string, size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(strings.ReplaceAll(entry, "NAME", strconv.Itoa(i)))
	}
	return []byte(b.String())
}

// tellAll writes a report as text.
func tellAll(r *Report) string {
	var b strings.Builder
	for _, c := range r.Counts {
		fmt.Fprintf(&b, "%d %s (%s)\n", c.N, c.Check, c.Class)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "line %d, entry %q, %s: %q", f.Line, f.Entry, f.Check, f.Text)
		if f.Detail != "" {
			fmt.Fprintf(&b, ": %s", f.Detail)
		}
		b.WriteByte('\n')
	}
	for _, d := range r.Dialed {
		fmt.Fprintf(&b, "dialed %+v\n", d)
	}
	return b.String()
}

// shownOf returns the texts for display of a phone book.
func shownOf(b *Book) string {
	var all strings.Builder
	for e := range b.Entries() {
		fmt.Fprintln(&all, e.Name)
		for m := range e.Media() {
			fmt.Fprintln(&all, m.Type, m.Port, m.DeviceName)
			for d := range m.Devices() {
				fmt.Fprintln(&all, d.Type)
			}
		}
		for d := range e.Orphans() {
			fmt.Fprintln(&all, d.Type)
		}
	}
	return all.String()
}
