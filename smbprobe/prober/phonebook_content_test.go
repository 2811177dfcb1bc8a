package prober_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestPhonebookContentOnSamba: the findings are the same over both dialects.
func TestPhonebookContentOnSamba(t *testing.T) {
	t.Parallel()
	const maxSize = 8 << 10
	good := smbtest.Phonebook()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
			p := newProber(t, prober.Options{})
			target := direct(samba.Addr(), `phonebook: {dialed_entries: ["Internet Dial-Up"], max_size: 8KiB}`).target(t)
			for _, test := range []struct {
				name   string
				data   []byte
				state  smbprobe.PhonebookState
				checks []phonebook.CheckID
				usable bool
			}{
				{"good", good, smbprobe.PhonebookOK, nil, true},
				{"empty", nil, smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckEmptyFile}, false},
				{"all NUL", make([]byte, 512), smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckNULBytes}, false},
				{"cut inside a key", good[:bytes.Index(good, []byte("DEVICE="))+3], smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckTruncatedTail}, false},
				{"port missing", bytes.Replace(good, []byte("Port="), []byte("PORT="), 1), smbprobe.PhonebookOK, []phonebook.CheckID{phonebook.CheckPortMissing}, false},
				{"of the maximum size", bookOf(maxSize), smbprobe.PhonebookOK, nil, true},
			} {
				t.Run(test.name, func(t *testing.T) {
					samba.WritePhonebook(test.data)
					r := probe(t, p, target)
					wantOutcome(t, test.name, book(test.state), r)
					var checks []phonebook.CheckID
					for _, c := range r.Phonebook.Counts {
						if c.Class != phonebook.ClassOddity {
							checks = append(checks, c.Check)
						}
					}
					if diff := cmp.Diff(test.checks, checks); diff != "" {
						t.Error(diff)
					}
					if len(r.Phonebook.Dialed) != 1 || r.Phonebook.Dialed[0].Usable != test.usable || *r.Phonebook.Intact != (test.checks == nil) {
						t.Errorf("dialed %+v, intact %v", r.Phonebook.Dialed, *r.Phonebook.Intact)
					}
				})
			}
			t.Run("larger than the maximum", func(t *testing.T) {
				samba.WritePhonebook(bookOf(maxSize + 1))
				r := probe(t, p, target)
				wantOutcome(t, "too large", book(smbprobe.PhonebookTooLarge), r)
				if r.Phonebook.Entries != nil || r.Phonebook.Intact != nil {
					t.Error("the phone book was read")
				}
			})
		})
	}
}

// TestRealPhonebooksOnSamba: a probe finds no damage in phone books as real systems write
// them.
func TestRealPhonebooksOnSamba(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	p, target := newProber(t, prober.Options{}), direct(samba.Addr()).target(t)
	files, err := filepath.Glob("../phonebook/testdata/books/*.pbk")
	if err != nil || len(files) == 0 {
		t.Fatal(fmt.Sprint(len(files), " phone books"), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		samba.WritePhonebook(data)
		r := probe(t, p, target)
		wantOutcome(t, file, allWell(), r)
		if !*r.Phonebook.Intact {
			t.Errorf("%s: %+v", file, r.Phonebook.Counts)
		}
	}
}

// TestPhonebookElsewhere: the phone book is where Windows 2000 and later keep it.
func TestPhonebookElsewhere(t *testing.T) {
	t.Parallel()
	const (
		windows2000 = "Documents and Settings/All Users/Application Data"
		vista       = "ProgramData"
		german      = "Dokumente und Einstellungen/All Users/Anwendungsdaten"
		place       = "/Microsoft/Network/Connections/PBK/rasphone.pbk"
		folders     = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders`
	)
	smb3 := smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"}
	for _, test := range []struct {
		name    string
		options smbtest.SambaOptions
		place   string // of a phone book below C$; empty: there is none
		empty   string // a folder of all users without a phone book in it
		folder  string // that the registry names
		path    string // of the module, if not where NT keeps it
		noRAS   bool   // the folder System32\Ras is missing too
		want    smbprobe.PhonebookState
	}{
		{name: "Windows 2000", place: windows2000, want: smbprobe.PhonebookElsewhere},
		{name: "Windows 2000, no folder Ras", place: windows2000, noRAS: true, want: smbprobe.PhonebookElsewhere},
		{name: "SMB2 and later", options: smb3, place: vista, want: smbprobe.PhonebookElsewhere},
		{name: "SMB2, at the place of Windows 2000", options: smb3, place: windows2000, empty: vista, want: smbprobe.PhonebookMissing},
		{name: "SMB2, and not even the folder is there", options: smb3, place: windows2000, want: smbprobe.PhonebookMissing},
		{name: "translated", place: german, folder: `C:\Dokumente und Einstellungen\All Users\Anwendungsdaten`, want: smbprobe.PhonebookElsewhere},
		{name: "translated, and not there", place: windows2000, empty: german, folder: `C:\Dokumente und Einstellungen\All Users\Anwendungsdaten`, want: smbprobe.PhonebookMissing},
		{name: "translated, without the registry", place: german, want: smbprobe.PhonebookMissing},
		{name: "no C$", options: smbtest.SambaOptions{OmitShares: []string{"C$"}}, place: windows2000, want: smbprobe.PhonebookMissing},
		{name: "a folder that leads out", place: windows2000, folder: `C:\..\Documents and Settings\All Users\Application Data`, want: smbprobe.PhonebookElsewhere},
		{name: "nowhere", empty: windows2000, want: smbprobe.PhonebookMissing},
		{name: "nowhere, no folder Ras", empty: windows2000, noRAS: true, want: smbprobe.PhonebookFolderMissing},
		{name: "another path configured", place: windows2000, path: `System32\Ras\other.pbk`, want: smbprobe.PhonebookMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			samba := smbtest.StartSamba(t, test.options)
			remove(t, samba.PhonebookPath())
			if test.noRAS {
				if err := os.RemoveAll(filepath.Dir(samba.PhonebookPath())); err != nil {
					t.Fatal(err)
				}
			}
			if test.place != "" {
				writeUnder(t, filepath.Dir(samba.Root()), test.place+place, smbtest.Phonebook())
			}
			if test.empty != "" {
				writeUnder(t, filepath.Dir(samba.Root()), test.empty+"/desktop.ini", nil)
			}
			module := []string{}
			if test.folder != "" {
				samba.SetRegistryText(folders, "Common AppData", test.folder)
				module = append(module, "server: {registry: true, services: []}")
			}
			if test.path != "" {
				module = append(module, `phonebook: {path: '`+test.path+`'}`)
			}
			r := probeOnce(t, direct(samba.Addr(), module...))
			want := book(test.want)
			want.Success = true // that a file is missing, or not to be read, is an answer
			wantOutcome(t, test.name, want, r)
			if exists, known := r.Phonebook.State.Exists(); exists || !known {
				t.Errorf("state %s: exists %t, known %t", r.Phonebook.State, exists, known)
			}
		})
	}
}
