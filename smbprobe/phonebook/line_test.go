package phonebook

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAllLines(t *testing.T) {
	b := Parse([]byte("Early=1\n\r\n[A]\rMEDIA=serial\r\nDevice=x=y\r\nDEVICE = modem \r\njunk\r\n[B]Key=1\r\nPort="))
	want := []Line{
		{Number: 1, Raw: "Early=1", Kind: KindPair, Key: "Early", Value: "1", End: EndLF},
		{Number: 2, End: EndCRLF},
		{Number: 3, Raw: "[A]", Kind: KindHeader, Name: "A", Group: GroupEntry, End: EndCR},
		{Number: 4, Raw: "MEDIA=serial", Kind: KindPair, Key: "MEDIA", Value: "serial", Group: GroupMedia, End: EndCRLF},
		{Number: 5, Raw: "Device=x=y", Kind: KindPair, Key: "Device", Value: "x=y", Group: GroupMedia, End: EndCRLF},
		{Number: 6, Raw: "DEVICE = modem ", Kind: KindPair, Key: "DEVICE", Value: "modem", Group: GroupDevice, End: EndCRLF},
		{Number: 7, Raw: "junk", Kind: KindMalformed, Group: GroupDevice, End: EndCRLF},
		{Number: 8, Raw: "[B]Key=1", Kind: KindBadHeader, Name: "B", Group: GroupEntry, End: EndCRLF},
		{Number: 9, Raw: "Port=", Kind: KindPair, Key: "Port", Group: GroupEntry},
	}
	got := slices.Collect(b.AllLines())
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Line{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if b.Lines != 9 {
		t.Errorf("%d lines, want 9", b.Lines)
	}
	if a := b.Entries[0]; a.Line != 3 || a.LastLine != 7 {
		t.Errorf("entry A has lines %d to %d, want 3 to 7", a.Line, a.LastLine)
	}
}

// Nothing of a file is lost: its lines, put together again, are the file.
func TestAllLinesKeepEverything(t *testing.T) {
	ends := map[LineEnd]string{EndCRLF: "\r\n", EndLF: "\n", EndCR: "\r"}
	for name, data := range readBooks(t, "books") {
		var b strings.Builder
		for line := range Parse(data).AllLines() {
			b.WriteString(line.Raw + ends[line.End])
		}
		if diff := cmp.Diff(string(data), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
