package phonebook

import (
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const realEntry = "[NAME]\r\nEncoding=1\r\nPBVersion=1\r\nType=1\r\nGuid=00112233445566778899AABBCCDDEEFF\r\nBaseProtocol=1\r\n\r\n" +
	"NETCOMPONENTS=\r\nms_msclient=1\r\n\r\nMEDIA=serial\r\nPort=COM3\r\nDevice=Standard Modem\r\n\r\n" +
	"DEVICE=modem\r\nPhoneNumber=5550100\r\nAreaCode=\r\n\r\n"

// Entries that large phone books are made of.
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
// large the file is and whatever is wrong with it.
func TestAllocationsPerLine(t *testing.T) {
	const perBook = 2000 // the findings that are kept, and what one long line takes
	for name, entry := range largeBooks() {
		sizes := []int{512 << 10}
		if name == "real" {
			sizes = []int{512 << 10, 1 << 20}
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

// A MEDIA group is read where it is, not searched for in its entry: otherwise the time
// would grow with the square of the size.
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

func TestParsingStopsAtMaxEntries(t *testing.T) {
	const entry = "[NAME]\nMEDIA=rastapi\nPort=x\nDEVICE=PPPoE\n"
	var text strings.Builder
	for i := range MaxEntries {
		text.WriteString(strings.Replace(entry, "NAME", strconv.Itoa(i), 1))
	}
	r := Check(Parse([]byte(text.String())), Options{})
	if diff := cmp.Diff(map[CheckID]int{CheckEntriesOver10: 1, CheckLFOnly: 1}, countsOf(r)); diff != "" {
		t.Errorf("at the limit (-want +got):\n%s", diff)
	}
	text.WriteString("[\n" + entry)
	b := Parse([]byte(text.String()))
	n := 0
	for range b.Entries() {
		n++
	}
	if n != MaxEntries || b.EntryCount != MaxEntries || b.Lines != 4*MaxEntries+1 {
		t.Errorf("%d entries, EntryCount %d, %d lines", n, b.EntryCount, b.Lines)
	}
	r = Check(b, Options{DialedEntries: []string{"1"}})
	if diff := cmp.Diff(map[CheckID]int{CheckTooManyEntries: 1}, countsOf(r)); diff != "" {
		t.Errorf("one more (-want +got):\n%s", diff)
	}
	if d := r.Dialed[0]; d.Usable || d.Missing {
		t.Errorf("%+v", d)
	}
}

// hostileBooks are lines that a file of any size can be made of.
func hostileBooks() map[string]string {
	return map[string]string{
		"headers":          "[A]\n",
		"empty headers":    "[\n",
		"distinct headers": "[NAME]\n",
		"equals signs":     "=\n",
		"keys":             "A=\n",
		"MEDIA":            "MEDIA=\n",
		"DEVICE":           "DEVICE=\n",
		"least groups":     "MEDIA=\xfc\nDEVICE=\xfc\n",
		"phone numbers":    "PhoneNumber=\xfc\n",
		"empty lines":      "\n",
		"CR":               "\r",
		"one line":         "x",
		"one value":        "\xfc",
		"long lines":       strings.Repeat("\xfc", 5000) + "\n",
		"long names":       "[" + strings.Repeat("\xfc", 5000) + "\n",
		"long pairs":       "MEDIA=" + strings.Repeat("\xfc", 5000) + "\n",
		"joined":           "A=[B]\nEncoding=1\n",
		"secrets":          "Key=Key=Key=Key\n",
		"real":             realEntry,
	}
}

// Parsing takes at most four times the size of the file, whatever is in it, and so does
// checking, but for a fixed amount: findings and names that are kept are bounded.
func TestMemoryIsBounded(t *testing.T) {
	const slack, kept = 1 << 10, 4 << 20
	starts := []string{"", "[A]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\n", "[A]\nMEDIA="}
	for name, shape := range hostileBooks() {
		sizes := []int{4 << 10, 64 << 10, 512 << 10}
		if name == "headers" {
			sizes = append(sizes, 4<<20)
		}
		for i, size := range sizes {
			start := starts[i%len(starts)]
			data := append([]byte(start), fill(shape, size)...)
			limit := uint64(4*len(data) + slack)
			var b *Book
			if got := allocated(limit, func() { b = Parse(data) }); got > limit {
				t.Errorf("%s after %q, %d bytes: parsing took %d bytes, want %d at most", name, start, len(data), got, limit)
			}
			limit += kept
			if got := allocated(limit, func() { Check(b, Options{DialedEntries: []string{"A", "B\u00fcro"}}) }); got > limit {
				t.Errorf("%s after %q, %d bytes: checking took %d bytes, want %d at most", name, start, len(data), got, limit)
			}
		}
	}
}

// allocated returns the bytes that a function allocates, freed or not: at no time does it
// hold more. Over the limit it tries again, because other goroutines allocate too.
func allocated(limit uint64, f func()) (n uint64) {
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if n = after.TotalAlloc - before.TotalAlloc; n <= limit {
			break
		}
	}
	return n
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

// At its limit nothing is found; one more is.
func TestLimits(t *testing.T) {
	entry := func(name, number string) string {
		return fmt.Sprintf("[%s]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=%s\n", name, number)
	}
	tests := []struct {
		check CheckID
		limit int
		book  func(n int) string
		also  map[CheckID]int // found on both sides of the limit
	}{
		{
			CheckNameOver20, MaxDialedName,
			func(n int) string { return entry(strings.Repeat("n", n), "1") }, nil,
		},
		{
			CheckNameOver20, MaxDialedName,
			func(n int) string { return entry(strings.Repeat("ü", n), "1") }, map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			CheckPhoneNumberOver128, MaxPhoneNumber,
			func(n int) string { return entry("A", strings.Repeat("1", n)) }, nil,
		},
		{
			CheckDeviceTypeOver16, MaxDeviceType,
			func(n int) string {
				return "[A]\nMEDIA=rastapi\nPort=x\nDEVICE=" + strings.Repeat("d", n) + "\n"
			}, nil,
		},
		{
			CheckDeviceNameOver128, MaxDeviceName,
			func(n int) string {
				return "[A]\nMEDIA=rastapi\nPort=x\nDevice=" + strings.Repeat("\u00fc", n) + "\nDEVICE=x\n"
			}, nil,
		},
		{
			CheckLineOver1024, maxLine,
			func(n int) string { return entry("A", "1") + "X=" + strings.Repeat("x", n-2) + "\n" }, nil,
		},
		{
			CheckEntriesOver10, 10,
			func(n int) string {
				var b strings.Builder
				for i := range n {
					b.WriteString(entry(fmt.Sprint("Entry ", i), "1"))
				}
				return b.String()
			}, nil,
		},
		{
			CheckDevicesOverLimit, 4,
			func(n int) string { return entry("A", "1") + strings.Repeat("DEVICE=switch\n", n-1) }, nil,
		},
		{
			CheckDevicesOverLimit, 1,
			func(n int) string {
				return "[A]\nMEDIA=rastapi\nPort=x\n" + strings.Repeat("DEVICE=PPPoE\n", n)
			}, nil,
		},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.check, " ", test.limit), func(t *testing.T) {
			want := map[CheckID]int{}
			maps.Copy(want, test.also)
			if r := checkText(test.book(test.limit), Options{}); !maps.Equal(countsOf(r), want) {
				t.Errorf("at %d: want %v, got\n%s", test.limit, want, tellAll(r))
			}
			want[test.check] = 1
			if r := checkText(test.book(test.limit+1), Options{}); !maps.Equal(countsOf(r), want) {
				t.Errorf("at %d: want %v, got\n%s", test.limit+1, want, tellAll(r))
			}
		})
	}
}

// More than 256 characters is one finding: that they are more than 20 is none.
func TestNameLimitOfRAS(t *testing.T) {
	for n, want := range map[int]CheckID{MaxName: CheckNameOver20, MaxName + 1: CheckNameOver256} {
		r := checkText("["+strings.Repeat("n", n)+"]\nMEDIA=rastapi\nPort=x\nDEVICE=PPPoE\n", Options{})
		if !maps.Equal(countsOf(r), map[CheckID]int{want: 1}) {
			t.Errorf("%d characters: want %s, got\n%s", n, want, tellAll(r))
		}
	}
}
