package phonebook

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// skeleton is what matters for dialing: the entries, their groups, and the numbers.
func skeleton(b *Book) string {
	var s strings.Builder
	for e := range b.Entries() {
		fmt.Fprintf(&s, "[%s]\n", e.RawName)
		for m := range e.Media() {
			fmt.Fprintln(&s, m.Type, m.Port, m.DeviceName)
			for d := range m.Devices() {
				fmt.Fprintln(&s, d.Type, d.HasNumber)
			}
		}
		for line := range e.lines() {
			if line.Key == keyPhoneNumber && line.Value != "" {
				fmt.Fprintln(&s, line.Value)
			}
		}
	}
	return s.String()
}

// Each single fault in the lines of a sound phone book is found, or changes nothing that
// matters for dialing. Lines that an entry may lack are not missed.
func TestSingleFaults(t *testing.T) {
	t.Parallel()
	optional := []string{keyDeviceName, keyPhoneNumber, keyDevice}
	for name, data := range readBooks(t, "books") {
		if len(data) > 4096 {
			continue
		}
		want := skeleton(Parse(data))
		before := countsOf(Check(Parse(data), Options{}))
		lines := bytes.SplitAfter(data, []byte("\n"))
		try := func(what string, i int, parts ...[]byte) {
			damaged := slices.Concat(parts...)
			b := Parse(damaged)
			if skeleton(b) == want {
				return
			}
			for check, n := range countsOf(Check(b, Options{})) {
				if n > before[check] {
					return
				}
			}
			t.Errorf("%s: %s %d: %q", name, what, i+1, lines[min(i, len(lines)-1)])
		}
		for i, line := range lines {
			head, tail := bytes.Join(lines[:i], nil), bytes.Join(lines[i+1:], nil)
			if len(line) == 0 {
				continue
			}
			if !slices.Contains(optional, classify(string(bytes.TrimSpace(line))).Key) {
				try("without line", i, head, tail)
			}
			try("joined line", i, head, bytes.TrimRight(line, "\r\n"), tail)
			equals := bytes.IndexByte(line, '=')
			for _, at := range []int{1, equals, equals + 1, len(line) / 2, len(line) - 2} {
				if at <= 0 || at >= len(line) {
					continue
				}
				try(fmt.Sprintf("broken at %d, line", at), i, head, line[:at], []byte("\r\n"), line[at:], tail)
			}
		}
	}
}
