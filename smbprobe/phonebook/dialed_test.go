package phonebook

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

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
	tests = append(tests, []struct {
		name   string
		book   string
		dialed []string
		want   []Dialed
		counts map[CheckID]int
	}{
		{
			"code page 1252, other capitals", named("B\xdcRO"), []string{"Büro"},
			[]Dialed{{Name: "Büro", Entry: "BÜRO", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1, CheckDialedNameCase: 1},
		},
		{
			"code page 932, other capitals", named("\x90\xda\x91\xb1 Isp"), []string{"接続 ISP"},
			[]Dialed{{Name: "接続 ISP", Entry: "\uFFFDÚ‘± Isp", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1, CheckDialedNameCase: 1},
		},
		{
			"composed in the book, decomposed in the configuration", named("B\xfcro"), []string{"Bu\u0308ro"},
			[]Dialed{{Name: "Bu\u0308ro", Entry: "Büro", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			"blanks inside the brackets", named(" Provider\t"), []string{"Provider"},
			[]Dialed{{Name: "Provider", Entry: " Provider\uFFFD", Usable: true}},
			map[CheckID]int{CheckDialedNameCase: 1, CheckNameCharacters: 1},
		},
		{
			"not there, and a code page writes it", named("B\xfcro"), []string{"Straße"},
			[]Dialed{{Name: "Straße", Missing: true}},
			map[CheckID]int{CheckNameNotASCII: 1, CheckDialedMissing: 1},
		},
		{
			"no code page writes it", named("8-bit \xfc"), []string{"Łódź 宽带", "Provider"},
			[]Dialed{{Name: "Łódź 宽带", Undecided: true}, {Name: "Provider", Missing: true}},
			map[CheckID]int{CheckNameNotASCII: 1, CheckDialedMissing: 1, CheckDialedUndecided: 1},
		},
		{
			"no code page writes it, and the phone book has it in UTF-8", named("Łódź 宽带"), []string{"Łódź 宽带"},
			[]Dialed{{Name: "Łódź 宽带", Entry: "Łódź 宽带", Usable: true}},
			map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			"no code page writes it, and there is no entry", "\n", []string{"Łódź 宽带"},
			[]Dialed{{Name: "Łódź 宽带", Missing: true}},
			map[CheckID]int{CheckDialedMissing: 1, CheckNoEntries: 1},
		},
		{
			"at the end of a value", named("A") + "Comment=x[Provider]\n", []string{"Provider", "A"},
			[]Dialed{{Name: "Provider", Undecided: true}, {Name: "A", Entry: "A", Usable: true}},
			map[CheckID]int{CheckHeaderInValue: 1, CheckDialedUndecided: 1},
		},
		{
			"at the end of a value, and an entry", good + named("A") + "Comment=x[Provider]\n", []string{"Provider"},
			[]Dialed{{Name: "Provider", Entry: "Provider", Usable: true}},
			map[CheckID]int{CheckHeaderInValue: 1},
		},
		{
			"run together with the entry before it", named("A") + "Comment=[Provider]\nEncoding=1\n" + named("B"), []string{"provider", "A"},
			[]Dialed{{Name: "provider"}, {Name: "A", Entry: "A"}},
			map[CheckID]int{CheckEntriesRunTogether: 1},
		},
	}...)
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

// A name is found in each code page of Windows NT that can write it.
func TestDialedInEachCodePage(t *testing.T) {
	tests := []struct{ page, name, raw string }{
		{"437", "Büro", "B\x81ro"},
		{"720", "إنترنت", "\x9d\xeb\xa2\xa9\xeb\xa2"},
		{"737", "Προμηθευτής", "\x8f\xa8\xa6\xa3\x9e\x9f\x9c\xac\xab\xe3\xaa"},
		{"737", "Ώρα", "\xf0\xa8\x98"},
		{"775", "Pakalpojumu sniedzējs", "Pakalpojumu sniedz\x89js"},
		{"775", "Žemė", "\xcfem\xd3"},
		{"857", "İnternet Sağlayıcısı", "\x98nternet Sa\xa7lay\x8dc\x8ds\x8d"},
		{"861", "Þjónusta", "\x8dj\xa2nusta"},
		{"861", "Síminn ð Ý", "S\xa1minn \x8c \x97"},
		{"864", "مزود", "\xe5\xd2\xe8\xcf"},
		{"864, with a ligature", "شبكة لا", "\xd4\xc8\xe3\xc9 \x9d"},
		{"1258", "Kết nối", "K\xea\xect n\xf4\xeci"},
		{"1258", "Việt Nam", "Vi\xea\xf2t Nam"},
		{"1258, tones apart", "Nhà mạng", "Nha\xcc ma\xf2ng"},
		{"1258", "Đường dây", "\xd0\xfd\xf5\xcc\x6eg d\xe2y"},
		{"437", "ñandú", "\xa4and\xa3"},
		{"850", "Ñandú Ø", "\xa5and\xa3 \x9d"},
		{"852", "Łódź", "\x9d\xa2d\xab"},
		{"855", "Провайдер", "\xdd\xe1\xd6\xeb\xa0\xbd\xa6\xa8\xe1"},
		{"860", "Ligação", "Liga\x87\x84o"},
		{"862", "ספק", "\x91\x94\x97"},
		{"863", "Québec", "Qu\x82bec"},
		{"865", "Ørsted", "\x9drsted"},
		{"866", "Провайдер", "\x8f\xe0\xae\xa2\xa0\xa9\xa4\xa5\xe0"},
		{"874", "ผู้ให้บริการ", "\xbc\xd9\xe9\xe3\xcb\xe9\xba\xc3\xd4\xa1\xd2\xc3"},
		{"1250", "Příbram", "P\xf8\xedbram"},
		{"1251", "Провайдер", "\xcf\xf0\xee\xe2\xe0\xe9\xe4\xe5\xf0"},
		{"1254", "Sağlayıcı", "Sa\xf0lay\xfdc\xfd"},
		{"1255", "ספק", "\xf1\xf4\xf7"},
		{"1256", "مزود", "\xe3\xd2\xe6\xcf"},
		{"1257", "Žemė", "\xdeem\xeb"},
		{"936, as UTF-8 another letter", "一", "\xd2\xbb"},
		{"949", "인터넷", "\xc0\xce\xc5\xcd\xb3\xdd"},
		{"949", "똠방", "\x8cc\xb9\xe6"},
		{"950", "許功蓋", "\xb3\x5c\xa5\x5c\xbb\x5c"},
		{"UTF-8", "Łódź 宽带", "Łódź 宽带"},
		{"UTF-8, decomposed", "Büro", "Bu\u0308ro"},
		{"869", "Προμηθευτής", "\xc6\xeb\xe9\xe6\xe1\xe2\xde\xf2\xee\x9e\xed"},
		{"869", "Ώρα ΰ", "\x98\xeb\xd6 \xfc"},
		{"1253", "Προμηθευτής", "\xd0\xf1\xef\xec\xe7\xe8\xe5\xf5\xf4\xde\xf2"},
		{"932", "接続", "\x90\xda\x91\xb1"},
	}
	for _, test := range tests {
		t.Run(test.page+" "+test.name, func(t *testing.T) {
			book := fmt.Sprintf("[%s]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=5550100\n", test.raw)
			r := checkText(book, Options{DialedEntries: []string{test.name}})
			if d := r.Dialed[0]; d.Missing || d.Undecided || d.TooLong != (len([]rune(test.name)) > MaxDialedName) || d.Entry == "" {
				t.Errorf("%+v\n%s", d, tellAll(r))
			}
			if n := countsOf(r)[CheckDialedNameCase]; n != 0 {
				t.Errorf("found only without regard to case\n%s", tellAll(r))
			}
		})
	}
}

// Each of the package's own tables is a one-to-one map between bytes and characters.
func TestOEMPages(t *testing.T) {
	defined := map[*oemPage]int{
		codePage720: 120, codePage737: 128, codePage775: 128, codePage857: 125, codePage861: 128, codePage864: 122, codePage869: 119,
	}
	for page, want := range defined {
		n := 0
		for b := range 256 {
			r := page.DecodeByte(byte(b))
			if r == utf8.RuneError {
				continue
			}
			if b >= utf8.RuneSelf {
				n++
			}
			if back, ok := page.EncodeRune(r); !ok || int(back) != b {
				t.Errorf("byte %#x is %q, which is byte %#x", b, r, back)
			}
		}
		if _, ok := page.EncodeRune(utf8.RuneError); ok || n != want {
			t.Errorf("%d characters beyond ASCII, want %d; U+FFFD encoded: %t", n, want, ok)
		}
	}
}
