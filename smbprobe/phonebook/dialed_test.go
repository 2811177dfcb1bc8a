package phonebook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDialed(t *testing.T) {
	const (
		good     = "[Provider]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=5550100\n"
		broken   = "[Broken]\nMEDIA=serial\nDEVICE=modem\nPhoneNumber=5550100\n"
		twenty   = "12345678901234567890"
		fileless = "Encoding=1\n"
	)
	named := func(name string) string { return strings.Replace(good, "Provider", name, 1) }
	tests := []struct {
		name   string
		book   string
		dialed []string
		want   []Dialed
		counts map[CheckID]int
	}{
		{
			"there and sound, named twice", good, []string{"Provider", "Provider"},
			[]Dialed{{Name: "Provider", Entry: "Provider", Usable: true}}, nil,
		},
		{
			"not there", good, []string{"Other"},
			[]Dialed{{Name: "Other", Missing: true}},
			map[CheckID]int{CheckDialedMissing: 1},
		},
		{
			"no entry at all", "\n", []string{"Provider"},
			[]Dialed{{Name: "Provider", Missing: true}},
			map[CheckID]int{CheckDialedMissing: 1, CheckNoEntries: 1},
		},
		{
			"other capitals", good, []string{"PROVIDER"},
			[]Dialed{{Name: "PROVIDER", Entry: "Provider", Usable: true}},
			map[CheckID]int{CheckDialedNameCase: 1},
		},
		{
			"20 characters", named(twenty), []string{twenty},
			[]Dialed{{Name: twenty, Entry: twenty, Usable: true}}, nil,
		},
		{
			"21 characters", named(twenty + "1"), []string{twenty + "1"},
			[]Dialed{{Name: twenty + "1", Entry: twenty + "1", TooLong: true}},
			map[CheckID]int{CheckDialedNameOver20: 1},
		},
		{
			"20 characters that are 21 bytes", named("1234567890123456789ü"), []string{"1234567890123456789ü"},
			[]Dialed{{Name: "1234567890123456789ü", Entry: "1234567890123456789ü", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			"unsound", broken + good, []string{"Broken", "Provider"},
			[]Dialed{{Name: "Broken", Entry: "Broken"}, {Name: "Provider", Entry: "Provider", Usable: true}},
			map[CheckID]int{CheckPortMissing: 1},
		},
		{
			"damage in another entry", named("Other") + "junk\n" + good, []string{"Other", "Provider"},
			[]Dialed{{Name: "Other", Entry: "Other"}, {Name: "Provider", Entry: "Provider", Usable: true}},
			map[CheckID]int{CheckMalformedLine: 1},
		},
		{
			"damage in no entry", fileless + good, []string{"Provider"},
			[]Dialed{{Name: "Provider", Entry: "Provider"}},
			map[CheckID]int{CheckKeyBeforeSection: 1},
		},
		{
			"twice in the book", good + named("Other") + named("provider"), []string{"Provider", "Other", "provider"},
			[]Dialed{{Name: "Provider", Entry: "Provider"}, {Name: "Other", Entry: "Other", Usable: true}, {Name: "provider", Entry: "provider"}},
			map[CheckID]int{CheckDuplicateEntry: 1},
		},
		{
			"cut off", good + "[Second]\nMEDIA=serial\n", []string{"Provider", "Second"},
			[]Dialed{{Name: "Provider", Entry: "Provider", Usable: true}, {Name: "Second", Entry: "Second"}},
			map[CheckID]int{CheckTruncatedTail: 1},
		},
		{
			"a file that cannot be read", good + "\x00", []string{"Provider", "Other"},
			[]Dialed{{Name: "Provider"}, {Name: "Other"}},
			map[CheckID]int{CheckNULBytes: 1},
		},
		{
			"code page 850", named("B\x81ro"), []string{"Büro"},
			[]Dialed{{Name: "Büro", Entry: "B\uFFFDro", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			"code page 936", named("\xbf\xed\xb4\xf8"), []string{"宽带"},
			[]Dialed{{Name: "宽带", Entry: "¿í´ø", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := checkText(test.book, Options{DialedEntries: test.dialed})
			if diff := cmp.Diff(test.want, r.Dialed); diff != "" {
				t.Errorf("dialed (-want +got):\n%s", diff)
			}
			counts := countsOf(r)
			if len(test.counts) == 0 && len(counts) == 0 {
				return
			}
			if diff := cmp.Diff(test.counts, counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}
