package phonebook

import (
	"fmt"
	"strings"
	"testing"
)

const realEntry = "[NAME]\r\nEncoding=1\r\nPBVersion=1\r\nType=1\r\nGuid=00112233445566778899AABBCCDDEEFF\r\nBaseProtocol=1\r\n\r\n" +
	"NETCOMPONENTS=\r\nms_msclient=1\r\n\r\nMEDIA=serial\r\nPort=COM3\r\nDevice=Standard Modem\r\n\r\n" +
	"DEVICE=modem\r\nPhoneNumber=5550100\r\nAreaCode=\r\n\r\n"

// Books of one shape in which nothing is as it should be, or everything.
func largeBooks() map[string]string {
	return map[string]string{
		"real":       realEntry,
		"findings":   "[NAME]\r\nmedia=serial\r\njunk\r\nMEDIA=serial\r\n",
		"blank":      "\n",
		"lone_cr":    "\r",
		"one_line":   "x",
		"headers":    strings.Repeat("x", 40) + "[NAME\n",
		"not_ascii":  "[NAME\xfc]\nMEDIA=\xfc\nPort=\xfc\nDevice=\xfc\nDEVICE=\xfc\nPhoneNumber=\xfc\n",
		"duplicates": "[" + strings.Repeat("X", 50) + "]\n",
	}
}

// Parsing and checking together take at most three allocations a line, however
// large the book is and whatever is wrong with it.
func TestAllocationsPerLine(t *testing.T) {
	const perBook = 2000 // the findings that are kept, and what one long line takes
	for name, entry := range largeBooks() {
		sizes := []int{1 << 20}
		if name == "real" {
			sizes = []int{1 << 20, 2 << 20, 4 << 20}
		}
		for _, size := range sizes {
			data := fill(entry, size)
			lines := Parse(data).Lines
			got := testing.AllocsPerRun(1, func() { Check(Parse(data), Options{}) })
			if limit := float64(3*lines + perBook); got > limit {
				t.Errorf("%s, %d bytes, %d lines: %.0f allocations, want %.0f at most", name, size, lines, got, limit)
			}
		}
	}
}

// A MEDIA without Port in an entry of many of them is looked up where it stands,
// not searched for: else the time would grow with the square of the size.
func TestFindingsAreBoundedAndCounted(t *testing.T) {
	const n = 100_000
	r := checkText("[A]\n"+strings.Repeat("MEDIA=x\n", n)+"Port=x\nDEVICE=x\n", Options{})
	counts := countsOf(r)
	if counts[CheckDeviceMissing] != n-1 || counts[CheckPortMissing] != n-1 {
		t.Errorf("counted %v, want %d of each", counts, n-1)
	}
	if len(r.Findings) != 2*MaxFindings {
		t.Errorf("%d findings are kept, want %d", len(r.Findings), 2*MaxFindings)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	const least = "[x]\nMEDIA=rastapi\nPort=PPPoE5-0\nDEVICE=PPPoE\n"
	whole := fill(strings.Replace(least, "x", "NAME", 1), 4<<20)
	if b := Parse(whole); b.cutAt != 0 {
		t.Errorf("a book of 4 MiB of the least entries was cut at line %d", b.cutAt)
	}
	for _, line := range []string{"[\n", "MEDIA=\n", "DEVICE=\n"} {
		b := Parse([]byte("[x]\n" + strings.Repeat(line, MaxGroups+10)))
		groups := 0
		for _, e := range b.Entries {
			groups += 1 + len(e.Media) + len(e.Orphans)
			for _, m := range e.Media {
				groups += len(m.Devices)
			}
		}
		if groups != MaxGroups || b.Lines != MaxGroups+11 {
			t.Errorf("%q: %d groups and %d lines, want %d and %d", line, groups, b.Lines, MaxGroups, MaxGroups+11)
		}
	}
}

func BenchmarkParseAndCheck(b *testing.B) {
	for _, mib := range []int{1, 2, 4} {
		data := fill(realEntry, mib<<20)
		b.Run(fmt.Sprintf("%dMiB", mib), func(b *testing.B) {
			lines := 0
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				book := Parse(data)
				lines = book.Lines
				Check(book, Options{DialedEntries: []string{"1", "none"}})
			}
			b.ReportMetric(float64(lines), "lines")
		})
	}
}
