package phonebook

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Phone books as real systems write them are neither damaged nor unusable.
// These are their oddities.
func TestSoundBooks(t *testing.T) {
	oddities := map[string]map[CheckID]int{
		"ninety_entries_no_blank_lines": {CheckEntriesOver10: 1},
		"utf8_names":                    {CheckNameNotASCII: 2},
		"cp936_names":                   {CheckNameNotASCII: 1},
		"lf_only":                       {CheckLFOnly: 1},
		"no_final_newline":              {CheckNoFinalNewline: 1},
	}
	books := readBooks(t, "books")
	for _, name := range slices.Sorted(maps.Keys(books)) {
		t.Run(name, func(t *testing.T) {
			r := Check(Parse(books[name]), Options{})
			if r.Has(ClassFile) || r.Has(ClassEntry) {
				t.Errorf("a sound book was called damaged or unusable:\n%s", tellAll(r))
			}
			if diff := cmp.Diff(oddities[name], countsOf(r), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("oddities (-want +got):\n%s\n%s", diff, tellAll(r))
			}
		})
	}
}

// link is a MEDIA group with its devices.
type link struct {
	Media
	Devices []Device
}

func TestParseBooks(t *testing.T) {
	type entry struct {
		Name  string
		Links []link
	}
	one := func(m Media, devices ...Device) []link { return []link{{m, devices}} }
	serial := func(port string) Media { return Media{Type: "serial", Port: port, HasPort: true} }
	dials := func(kind string) Device { return Device{Type: kind, HasNumber: true} }
	tests := map[string][]entry{
		"nt4_modem_four_devices": {{"Provider", one(serial("COM1"), Device{Type: "switch"}, dials("modem"), Device{Type: "pad"}, Device{Type: "switch"})}},
		"nt4_multilink": {{"Two channels", []link{
			{Media{Type: "isdn", Port: "ISDN1", HasPort: true}, []Device{dials("isdn")}},
			{Media{Type: "isdn", Port: "ISDN2", HasPort: true}, []Device{dials("isdn")}},
		}}},
		"xp_vpn_and_modem": {
			{"Office VPN", one(Media{Type: "rastapi", Port: "VPN3-0", HasPort: true, DeviceName: "WAN Miniport (PPTP)"}, dials("vpn"))},
			{"Provider", one(Media{Type: "serial", Port: "COM3", HasPort: true, DeviceName: "Standard 56000 bps Modem"}, dials("modem"))},
		},
		"windows11_vpn_pppoe": {
			{"Office VPN", one(Media{Type: "rastapi", Port: "VPN2-0", HasPort: true, DeviceName: "WAN Miniport (IKEv2)"}, dials("vpn"))},
			{"Broadband Connection", one(Media{Type: "rastapi", Port: "PPPoE5-0", HasPort: true, DeviceName: "WAN Miniport (PPPOE)"}, Device{Type: "PPPoE"})},
		},
		"five_lines":       {{"Provider", one(serial("COM1"), dials("modem"))}},
		"pppoe_three_keys": {{"Broadband", one(Media{Type: "rastapi", Port: "PPPoE5-0", HasPort: true}, Device{Type: "PPPoE"})}},
	}
	books := readBooks(t, "books")
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			var got []entry
			for e := range Parse(books[name]).Entries() {
				one := entry{Name: e.Name}
				for m := range e.Media() {
					one.Links = append(one.Links, link{m, slices.Collect(m.Devices())})
				}
				got = append(got, one)
			}
			options := cmp.Options{
				cmpopts.IgnoreUnexported(Media{}, Device{}),
				cmpopts.IgnoreFields(Media{}, "Line"), cmpopts.IgnoreFields(Device{}, "Line"),
			}
			if diff := cmp.Diff(want, got, options); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHasSwitch(t *testing.T) {
	for book, want := range map[string]bool{"nt4_modem_four_devices": true, "nt4_modem_one_device": false, "xp_vpn_and_modem": false} {
		e, _ := first(Parse(readBooks(t, "books")[book]).Entries())
		if got := e.HasSwitch(); got != want {
			t.Errorf("%s: %t, want %t", book, got, want)
		}
	}
}

func TestCharsets(t *testing.T) {
	books := readBooks(t, "books")
	tests := []struct {
		book    string
		parse   func([]byte) *Book
		charset Charset
		entry   int
		name    string
	}{
		{"five_lines", Parse, CharsetASCII, 0, "Provider"},
		{"utf8_names", Parse, CharsetUTF8, 0, "Büro Zürich"},
		{"utf8_names", Parse, CharsetUTF8, 2, "宽带连接"},
		{"cp936_names", Parse, Charset8Bit, 1, "¿í´øÁ¬½Ó"},
		{"cp936_names", func(data []byte) *Book { return ParseCodePage(data, simplifiedchinese.GBK) }, Charset8Bit, 1, "宽带连接"},
	}
	for _, test := range tests {
		b := test.parse(books[test.book])
		if b.Charset != test.charset {
			t.Errorf("%s: charset %q, want %q", test.book, b.Charset, test.charset)
		}
		if got := slices.Collect(b.Entries())[test.entry].Name; got != test.name {
			t.Errorf("%s: entry %d is %q, want %q", test.book, test.entry, got, test.name)
		}
	}
}

// update is the only package variable of the tests: flags have no other place.
var update = flag.Bool("update", false, "write the golden files again")

// The reports on a few phone books, word for word.
func TestGolden(t *testing.T) {
	checks, books := readBooks(t, "checks"), readBooks(t, "books")
	tests := []struct {
		name    string
		data    []byte
		options Options
	}{
		{"nul_bytes", checks["nul_bytes"], Options{DialedEntries: []string{"Provider"}}},
		{"malformed_header", checks["malformed_header"], Options{DialedEntries: []string{"Provider", "Support"}}},
		{"duplicate_entry", checks["duplicate_entry"], Options{DialedEntries: []string{"Provider", "Other"}}},
		{"truncated_tail", checks["truncated_tail"], Options{DialedEntries: []string{"Provider", "Second"}}},
		{"media_missing", checks["media_missing"], Options{DialedEntries: []string{"Broken"}}},
		{"port_missing", checks["port_missing"], Options{}},
		{"cp936_names", books["cp936_names"], Options{DialedEntries: []string{"宽带连接"}}},
		{"windows11_on_nt4", books["windows11_vpn_pppoe"], Options{NT4: true, DialedEntries: []string{"Broadband connection"}}},
		{"many", []byte(many), Options{NT4: true, DialedEntries: []string{"A name of more than twenty"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if len(test.data) == 0 {
				t.Fatal("no such phone book")
			}
			path := filepath.Join("testdata", "golden", test.name+".txt")
			got := tellAll(Check(Parse(test.data), test.options))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, path)), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// many is a phone book in which much is wrong at once.
const many = "stray=1\n" +
	"[]\nmedia=serial\nPORT=COM1\n" +
	"[What?]\nSkipDownLevelDialog=1\nMEDIA=isdn\nPort=ISDN1\nDEVICE=isdn\nDEVICE=isdn\nPhoneNumber=5550100\nPort=ISDN2\n" +
	"[A name of more than twenty]\nPBVersion=1\nMEDIA=serial\nport=COM1\nDEVICE=modem\n" +
	"A line\x1b[2Jwith junk\n" +
	"[Support]ApnInfoPassword=secret\nMEDIA=serial\n"
