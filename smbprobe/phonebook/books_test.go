package phonebook

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Books in the shapes that real systems write are neither damaged nor unusable.
// Of oddities they have these.
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

func TestParseBooks(t *testing.T) {
	one := func(m Media) []Media { return []Media{m} }
	modem := []Device{{Type: "modem", HasNumber: true}}
	tests := map[string][]Entry{
		"nt4_modem_four_devices": {{Name: "Provider", Media: one(Media{
			Type: "serial", Port: "COM1", HasPort: true,
			Devices: []Device{{Type: "switch"}, {Type: "modem", HasNumber: true}, {Type: "pad"}, {Type: "switch"}},
		})}},
		"nt4_multilink": {{Name: "Two channels", Media: []Media{
			{Type: "isdn", Port: "ISDN1", HasPort: true, Devices: []Device{{Type: "isdn", HasNumber: true}}},
			{Type: "isdn", Port: "ISDN2", HasPort: true, Devices: []Device{{Type: "isdn", HasNumber: true}}},
		}}},
		"xp_vpn_and_modem": {
			{Name: "Office VPN", Media: one(Media{
				Type: "rastapi", Port: "VPN3-0", HasPort: true, DeviceName: "WAN Miniport (PPTP)",
				Devices: []Device{{Type: "vpn", HasNumber: true}},
			})},
			{Name: "Provider", Media: one(Media{
				Type: "serial", Port: "COM3", HasPort: true, DeviceName: "Standard 56000 bps Modem", Devices: modem,
			})},
		},
		"windows11_vpn_pppoe": {
			{Name: "Office VPN", Media: one(Media{
				Type: "rastapi", Port: "VPN2-0", HasPort: true, DeviceName: "WAN Miniport (IKEv2)",
				Devices: []Device{{Type: "vpn", HasNumber: true}},
			})},
			{Name: "Broadband Connection", Media: one(Media{
				Type: "rastapi", Port: "PPPoE5-0", HasPort: true, DeviceName: "WAN Miniport (PPPOE)",
				Devices: []Device{{Type: "PPPoE"}},
			})},
		},
		"five_lines": {{Name: "Provider", Media: one(Media{Type: "serial", Port: "COM1", HasPort: true, Devices: modem})}},
		"pppoe_three_keys": {{Name: "Broadband", Media: one(Media{
			Type: "rastapi", Port: "PPPoE5-0", HasPort: true, Devices: []Device{{Type: "PPPoE"}},
		})}},
	}
	books := readBooks(t, "books")
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := Parse(books[name]).Entries
			options := cmp.Options{
				cmpopts.IgnoreUnexported(Entry{}, Media{}, Device{}),
				cmpopts.IgnoreFields(Entry{}, "RawName", "Line", "LastLine"),
				cmpopts.IgnoreFields(Media{}, "Line"),
				cmpopts.IgnoreFields(Device{}, "Line"),
			}
			if diff := cmp.Diff(want, got, options); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
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
		if got := b.Entries[test.entry].Name; got != test.name {
			t.Errorf("%s: entry %d is %q, want %q", test.book, test.entry, got, test.name)
		}
	}
}
