package phonebook

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// wholeBooks are the sound books that end with a line end.
func wholeBooks(t *testing.T) map[string][]byte {
	t.Helper()
	books := readBooks(t, "books")
	maps.DeleteFunc(books, func(_ string, data []byte) bool { return !bytes.HasSuffix(data, []byte("\n")) })
	if len(books) < 10 {
		t.Fatalf("only %d books to damage", len(books))
	}
	return books
}

// A sound book is cut at every byte. What each cut must be called is worked out
// here from the text alone.
func TestTruncationAtEveryOffset(t *testing.T) {
	for name, data := range wholeBooks(t) {
		t.Run(name, func(t *testing.T) {
			for offset := range len(data) {
				cut := data[:offset]
				r := Check(Parse(cut), Options{})
				switch {
				case cutIsDamage(string(cut)):
					if !r.Has(ClassFile) {
						t.Fatalf("cut at %d, %q: not called damaged\n%s", offset, lastLine(cut), tellAll(r))
					}
				case r.Has(ClassFile) || r.Has(ClassEntry):
					// Nobody can see that anything is missing here.
					t.Fatalf("cut at %d, %q: called damaged\n%s", offset, lastLine(cut), tellAll(r))
				case !bytes.HasSuffix(cut, []byte("\n")) && countsOf(r)[CheckNoFinalNewline] != 1:
					t.Fatalf("cut at %d, %q: the missing line end was not found\n%s", offset, lastLine(cut), tellAll(r))
				}
			}
		})
	}
}

// cutIsDamage reports whether a book that was sound before it was cut must be
// called damaged: there is nothing, or the last line is neither a section nor
// has it an equals sign, or the last entry lacks a MEDIA, or its last MEDIA a
// DEVICE.
func cutIsDamage(cut string) bool {
	if cut == "" {
		return true
	}
	last := lastLine([]byte(cut))
	if strings.TrimSpace(last) != "" {
		if strings.HasPrefix(last, "[") != strings.HasSuffix(strings.TrimSuffix(last, "\r"), "]") {
			return true
		}
		if !strings.HasPrefix(last, "[") && !strings.Contains(last, "=") {
			return true
		}
	}
	entry := cut[strings.LastIndex("\n"+cut, "\n["):]
	media := strings.LastIndex(entry, "\nMEDIA=")
	return media < 0 || !strings.Contains(entry[media:], "\nDEVICE=")
}

func lastLine(data []byte) string { return string(data[bytes.LastIndexByte(data, '\n')+1:]) }

// A sector that a crash left as zeros is damage, whichever it is.
func TestSectorOfNULs(t *testing.T) {
	const sector = 512
	for name, data := range readBooks(t, "books") {
		for at := 0; at < len(data); at += sector {
			damaged := bytes.Clone(data)
			clear(damaged[at:min(at+sector, len(data))])
			if r := Check(Parse(damaged), Options{}); !r.Has(ClassFile) {
				t.Errorf("%s: the sector at %d is gone and the book is not called damaged\n%s", name, at, tellAll(r))
			}
		}
	}
}

func TestDamage(t *testing.T) {
	const modem = "[Provider]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=5550100\n"
	tests := []struct {
		name string
		data string
		want map[CheckID]int
	}{
		{"all NUL", strings.Repeat("\x00", 4096), map[CheckID]int{CheckNULBytes: 1}},
		{"UTF-16 without a mark", "[\x00P\x00]\x00\r\x00\n\x00", map[CheckID]int{CheckNULBytes: 1}},
		{"a mark alone", "\xef\xbb\xbf", map[CheckID]int{CheckEmptyFile: 1}},
		{"Ctrl-Z alone", "\x1a", map[CheckID]int{CheckEmptyFile: 1}},
		{"half a header", crlf(modem) + "[Prov", map[CheckID]int{CheckTruncatedTail: 1}},
		{
			"a header that lost its end after another entry's name", crlf(modem + "[Provider\n" + strings.TrimPrefix(modem, "[Provider]\n")),
			map[CheckID]int{CheckMalformedHeader: 1},
		},
		{"half a line end", strings.TrimSuffix(crlf(modem), "\n"), map[CheckID]int{CheckNoFinalNewline: 1}},
		{"keys and no section", "Encoding=1\r\nMEDIA=serial\r\n", map[CheckID]int{CheckKeyBeforeSection: 2}},
		{"a comment", "; mine\r\n" + crlf(modem), map[CheckID]int{CheckMalformedLine: 1}},
		{"a key without a name", crlf(modem) + "=1\r\n", map[CheckID]int{CheckMalformedLine: 1}},
		{
			"the last entry without MEDIA", crlf(modem + "[Second]\nBaseProtocol=1\n"),
			map[CheckID]int{CheckTruncatedTail: 1},
		},
		{
			"the last MEDIA without DEVICE", crlf(modem + "MEDIA=serial\nPort=COM2\n"),
			map[CheckID]int{CheckTruncatedTail: 1},
		},
		{
			"the first MEDIA without DEVICE", crlf("[Two]\nMEDIA=serial\nPort=COM2\n" + strings.TrimPrefix(modem, "[Provider]\n")),
			map[CheckID]int{CheckDeviceMissing: 1},
		},
		{
			"DEVICE before MEDIA in the last entry", crlf("[Two]\nDEVICE=modem\nPhoneNumber=1\nMEDIA=serial\nPort=COM2\n"),
			map[CheckID]int{CheckDeviceBeforeMedia: 1},
		},
		{"one name twice", crlf(modem + modem + modem), map[CheckID]int{CheckDuplicateEntry: 2}},
		{
			// The second bytes of two characters of code page 936 differ as a and A do.
			"names that only look alike", crlf(strings.Replace(modem, "Provider", "\x81A", 1) + strings.Replace(modem, "Provider", "\x81a", 1)),
			map[CheckID]int{CheckNameNotASCII: 2},
		},
		{"CR CR LF", strings.ReplaceAll(modem, "\n", "\r\r\n"), map[CheckID]int{CheckLoneCR: 1}},
		{"spaces around all", "  [Provider] \r\n MEDIA = serial \r\n\tPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=1\r\n  \r\n", nil},
		{"an empty value", crlf("[Provider]\nMEDIA=rastapi\nPort=\nDevice=\nDEVICE=rastapi\nPhoneNumber=\n"), nil},
		{"Port behind DEVICE", crlf("[P]\nMEDIA=serial\nDEVICE=modem\nPort=COM1\nPhoneNumber=1\n"), map[CheckID]int{CheckGroupKeyMisplaced: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := Check(Parse([]byte(test.data)), Options{})
			if got := countsOf(r); !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v\n%s", got, test.want, tellAll(r))
			}
		})
	}
}

// Every spot of a finding can be looked up: the text is that of the line.
func TestFindingsPointAtTheirLine(t *testing.T) {
	r := checkText("[One]\nMEDIA=serial\nDEVICE=modem\n\n[Two]\nMEDIA=serial\nPort=COM1\n\n[Three]\nMEDIA=rastapi\nPort=x\nDEVICE=x\n", Options{})
	want := []Finding{
		{Check: CheckDeviceMissing, Class: ClassEntry, Line: 6, Entry: "Two", Text: "MEDIA=serial"},
		{Check: CheckPortMissing, Class: ClassEntry, Line: 2, Entry: "One", Text: "MEDIA=serial"},
		{Check: CheckNumberMissing, Class: ClassOddity, Line: 3, Entry: "One", Text: "DEVICE=modem"},
	}
	if !slices.Equal(r.Findings, want) {
		t.Errorf("got\n%s", tellAll(r))
	}
}
