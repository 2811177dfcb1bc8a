package phonebook

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the checks say of a few books, word for word. The flag is the tests'
// only package variable: the testing package knows no other place for one.
var update = flag.Bool("update", false, "write the golden files again")

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
				t.Fatal("there is no such book")
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

// many is a book in which much is wrong at once.
const many = "stray=1\n" +
	"[]\nmedia=serial\nPORT=COM1\n" +
	"[What?]\nSkipDownLevelDialog=1\nMEDIA=isdn\nPort=ISDN1\nDEVICE=isdn\nDEVICE=isdn\nPhoneNumber=5550100\nPort=ISDN2\n" +
	"[A name of more than twenty]\nPBVersion=1\nMEDIA=serial\nport=COM1\nDEVICE=modem\n" +
	"A line\x1b[2Jwith junk\n" +
	"[Support]ApnInfoPassword=secret\nMEDIA=serial\n"
