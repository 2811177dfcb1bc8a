package phonebook

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every check has a book in which it alone finds something.
func TestEachCheckAlone(t *testing.T) {
	options := map[CheckID]Options{
		CheckDialedUndecided:  {DialedEntries: []string{"Provider", "Bur\u00f6 \u5bbd"}},
		CheckDialedMissing:    {DialedEntries: []string{"Provider", "Backup"}},
		CheckDialedNameOver20: {DialedEntries: []string{"Internet Provider One"}},
		CheckDialedNameCase:   {DialedEntries: []string{"PROVIDER"}},
		CheckNewerWindows:     {NT4: true},
	}
	books := readBooks(t, "checks")
	// This one would be a large file.
	books[string(CheckTooManyEntries)] = []byte(strings.Repeat("[\n", MaxEntries+1))
	unused := maps.Clone(books)
	for _, info := range Checks() {
		t.Run(string(info.Check), func(t *testing.T) {
			data, ok := books[string(info.Check)]
			if !ok {
				t.Fatalf("testdata/checks has no synthetic_%s.pbk", info.Check)
			}
			r := Check(Parse(data), options[info.Check])
			want := []Count{{Check: info.Check, Class: info.Class, N: 1}}
			if diff := cmp.Diff(want, r.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s\n%s", diff, tellAll(r))
			}
		})
		delete(unused, string(info.Check))
	}
	for name := range unused {
		t.Errorf("testdata/checks/synthetic_%s.pbk is named for no check", name)
	}
}

// The table cannot be changed through what Checks returns.
func TestChecksReturnsACopy(t *testing.T) {
	want := CheckEmptyFile.Info()
	Checks()[0] = CheckInfo{}
	if got := CheckEmptyFile.Info(); got != want || Checks()[0] != want {
		t.Errorf("changed to %+v", got)
	}
	if got := CheckID("none").Info(); got.Title != "none" || got.Class != "" {
		t.Errorf("an unknown check is %+v", got)
	}
}

func TestFindingString(t *testing.T) {
	f := Finding{Check: CheckUTF16Mark}
	if got, want := f.String(), "saved as Unicode"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f = Finding{Check: CheckPortMissing, Line: 7, Entry: "A", Detail: "line 8 has PORT, which is another key"}
	if got, want := f.String(), `line 7, entry "A": no Port line: line 8 has PORT, which is another key`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChecksTable(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	article := regexp.MustCompile(`^(Q\d{6})?$`)
	order := map[Class]int{ClassFile: 0, ClassEntry: 1, ClassOddity: 2}
	seen := make(map[CheckID]bool)
	worst := 0
	for _, info := range Checks() {
		if !name.MatchString(string(info.Check)) || seen[info.Check] {
			t.Errorf("%q is not a name, or not the only one", info.Check)
		}
		seen[info.Check] = true
		if rank, ok := order[info.Class]; !ok || rank < worst {
			t.Errorf("%s: class %q is unknown or out of order", info.Check, info.Class)
		} else {
			worst = rank
		}
		if !article.MatchString(info.Article) {
			t.Errorf("%s: article %q", info.Check, info.Article)
		}
		for _, text := range []string{info.Meaning, info.Remedy} {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not one line that ends with a full stop", info.Check, text)
			}
		}
		if n := len(info.Title); n == 0 || n > 60 || strings.HasSuffix(info.Title, ".") || strings.Contains(info.Title, "_") {
			t.Errorf("%s: title %q", info.Check, info.Title)
		}
		if got := info.Check.Info(); got != info {
			t.Errorf("%s: Info returns %+v", info.Check, got)
		}
	}
}

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

// A sound phone book is cut at every byte. What must be found is worked out
// here from the text alone.
func TestTruncationAtEveryOffset(t *testing.T) {
	for name, data := range wholeBooks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for offset := range len(data) {
				cut := data[:offset]
				r := Check(Parse(cut), Options{})
				switch {
				case cutIsDamage(string(cut)):
					if !r.Has(ClassFile) {
						t.Fatalf("cut at %d, %q: not called damaged\n%s", offset, lastLine(cut), tellAll(r))
					}
				case r.Has(ClassFile) || r.Has(ClassEntry):
					// What is left does not show that anything is missing.
					t.Fatalf("cut at %d, %q: called damaged\n%s", offset, lastLine(cut), tellAll(r))
				case !bytes.HasSuffix(cut, []byte("\n")) && countsOf(r)[CheckNoFinalNewline] != 1:
					t.Fatalf("cut at %d, %q: the missing line end was not found\n%s", offset, lastLine(cut), tellAll(r))
				}
			}
		})
	}
}

// cutIsDamage reports whether a phone book that was sound before it was cut must be
// called damaged: it is empty, or its last line is neither a header nor a pair, or is a
// MEDIA or DEVICE without a value, or the last entry lacks a MEDIA, or its last MEDIA a
// DEVICE.
func cutIsDamage(cut string) bool {
	if cut == "" {
		return true
	}
	last := lastLine([]byte(cut))
	if last == "MEDIA=" || last == "DEVICE=" {
		return true
	}
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

// Any sector that a crash left as zeros is damage.
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
		{"blanks", "  [Provider] \r\n MEDIA = serial \r\n\tPort=COM1\r\nDEVICE\t= modem\r\n PhoneNumber =\t1\r\n  \r\n", nil},
		{"blanks for a value", crlf("[P]\nMEDIA= \nPort=COM1\nDEVICE=\t\n"), map[CheckID]int{CheckMediaEmpty: 1, CheckDeviceEmpty: 1}},
		{"blanks for a name", crlf(strings.Replace(modem, "Provider", " \t", 1)), map[CheckID]int{CheckNameEmpty: 1}},
		{"MEDIA in lower case", crlf("[P]\nmedia=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=1\n"), map[CheckID]int{CheckMediaMissing: 1, CheckGroupKeyMisplaced: 1}},
		{"Ctrl-Z in a line of its own", crlf(modem + "\x1a\n\n"), map[CheckID]int{CheckDOSEndMark: 1}},
		{"several Ctrl-Z", crlf(modem) + "\x1a\x1a\x1a", map[CheckID]int{CheckDOSEndMark: 1}},
		{"Ctrl-Z between entries", crlf(modem) + "\x1a" + crlf("[Second]\n"+strings.TrimPrefix(modem, "[Provider]\n")), map[CheckID]int{CheckMalformedLine: 1}},
		{"a mark between entries", crlf(modem) + utf8Mark + crlf("[Second]\n"+strings.TrimPrefix(modem, "[Provider]\n")), map[CheckID]int{CheckMalformedLine: 1}},
		{"a lost header", crlf(modem + "DialParamsUID=1\nBaseProtocol=1\n" + strings.TrimPrefix(modem, "[Provider]\n")), map[CheckID]int{CheckGroupKeyMisplaced: 1}},
		{"an empty value", crlf("[Provider]\nMEDIA=rastapi\nPort=\nDevice=\nDEVICE=rastapi\nPhoneNumber=\n"), nil},
		{"MEDIA without a value at the end", crlf("[P]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=1\nMEDIA="), map[CheckID]int{CheckTruncatedTail: 1}},
		{"a list for a device type", crlf("[P]\nMEDIA=rastapi\nPort=x\nDEVICE=System.Collections.ArrayList modem\n"), map[CheckID]int{CheckDeviceTypeOver16: 1}},
		{"two headers in one line", crlf("[A][B]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=1\n"), map[CheckID]int{CheckMalformedHeader: 1}},
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

// A finding has the number and the text of its line.
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

// A lost line end before a header: which check finds it depends on the second sign.
func TestEntriesRunTogether(t *testing.T) {
	const (
		nt4  = "MEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=5550100\n"
		new  = "Encoding=1\nType=1\nGuid=0\n" + nt4
		uid  = "DialParamsUID=1\n" + nt4
		net  = "NETCOMPONENTS=\nms_msclient=1\n" + nt4
		ipv6 = "MEDIA=rastapi\nPort=VPN1-0\nDEVICE=vpn\nPhoneNumber=[2001:db8::1]\n"
	)
	join := func(first, second string) string { return "[A]\n" + strings.TrimSuffix(first, "\n") + "[B]\n" + second }
	both := `"A" and "B"`
	may := `"B" may be an entry of its own, after "A"`
	tests := []struct {
		name, book string
		want       CheckID // empty: neither
		detail     string
	}{
		{"a second Encoding", join(new, new), CheckEntriesRunTogether, both},
		{"the first lacks its DEVICE", join("Encoding=1\nMEDIA=serial\nPort=COM1\n", new), CheckEntriesRunTogether, both},
		{"a scalar after DEVICE", join(nt4, uid), CheckEntriesRunTogether, both},
		{"Encoding after DEVICE", join(nt4, new), CheckEntriesRunTogether, both},
		{"NETCOMPONENTS after DEVICE", join(net, net), CheckEntriesRunTogether, both},
		{"an empty value before the header", join(nt4+"AreaCode=\n", uid), CheckEntriesRunTogether, both},
		{"the header follows MEDIA", "[A]\n" + nt4 + "MEDIA=serial[B]\n" + new, CheckEntriesRunTogether, both},
		{"blanks around the header", "[A]\n" + nt4 + "AreaCode= [B] \n" + uid, CheckEntriesRunTogether, both},
		{"brackets in the name", "[A]\n" + nt4 + "AreaCode=1[B [2]]\n" + uid, CheckEntriesRunTogether, `"A" and "B [2]"`},
		{"a closing bracket in the name", "[A]\n" + nt4 + "AreaCode=1[B]]\n" + uid, CheckEntriesRunTogether, `"A" and "B]"`},
		{"code page 932", "[A]\n" + nt4 + "Comment=\x83\x82\x83f\x83\x80\x81[\x83]\n" + uid, "", ""},
		{"no second sign", join(nt4, nt4), CheckHeaderInValue, may},
		{"the sign comes before the value", "[A]\n" + new + "Comment=x[B]\n", CheckHeaderInValue, may},
		{"the Type= of a script", "[A]\nType=1\n" + nt4 + "Comment=x[B]\nDEVICE=switch\nType=login.scp\n", CheckHeaderInValue, may},
		{"a device name in the first part", "[A]\nEncoding=1\nPreferredDevice=Modem[B]\nType=1\n" + nt4, CheckHeaderInValue, may},
		{"an IPv6 address", "[A]\nEncoding=1\n" + ipv6, "", ""},
		{"another entry after it", "[A]\n" + new + "\n[B]\n" + new, "", ""},
		{"the end of a secret", "[A]\n" + uid + "SharedSecret=x[B]\n" + uid, CheckEntriesRunTogether, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := checkText(test.book, Options{})
			i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Check == CheckEntriesRunTogether || f.Check == CheckHeaderInValue })
			var got Finding
			if i >= 0 {
				got = r.Findings[i]
			}
			if got.Check != test.want || got.Detail != test.detail || got.Check != "" && got.Entry != "A" {
				t.Errorf("want %s: %s, got\n%s", test.want, test.detail, tellAll(r))
			}
			if r.Has(ClassFile) != (test.want == CheckEntriesRunTogether) {
				t.Errorf("class file: %t\n%s", r.Has(ClassFile), tellAll(r))
			}
		})
	}
	t.Run("three entries", func(t *testing.T) {
		r := checkText(join(new, strings.TrimSuffix(new, "\n")+"[C]\n"+new), Options{})
		if got := countsOf(r); got[CheckEntriesRunTogether] != 2 || got[CheckHeaderInValue] != 0 {
			t.Errorf("got\n%s", tellAll(r))
		}
	})
}
