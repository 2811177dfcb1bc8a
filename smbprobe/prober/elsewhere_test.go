package prober_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestElsewhere looks for the phone book where Windows 2000 and later keep it.
func TestElsewhere(t *testing.T) {
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
		place   string // of a book below C$; empty: there is none
		empty   string // a folder of all users without a book in it
		folder  string // that the registry names
		path    string // of the module, where not the NT place
		noRAS   bool   // the folder System32\Ras is missing too
		want    smbprobe.PhonebookState
	}{
		{name: "Windows 2000", place: windows2000, want: smbprobe.PhonebookElsewhere},
		{name: "Windows 2000, no folder Ras", place: windows2000, noRAS: true, want: smbprobe.PhonebookElsewhere},
		{name: "SMB2 and later", options: smb3, place: vista, want: smbprobe.PhonebookElsewhere},
		{name: "SMB2, at the place of Windows 2000", options: smb3, place: windows2000, empty: vista, want: smbprobe.PhonebookMissing},
		{name: "SMB2, and no folder where it is looked for", options: smb3, place: windows2000, want: smbprobe.PhonebookMissing},
		{name: "translated", place: german, folder: `C:\Dokumente und Einstellungen\All Users\Anwendungsdaten`, want: smbprobe.PhonebookElsewhere},
		{name: "translated, and not there", place: windows2000, empty: german, folder: `C:\Dokumente und Einstellungen\All Users\Anwendungsdaten`, want: smbprobe.PhonebookMissing},
		{name: "translated, and the registry not asked", place: german, want: smbprobe.PhonebookMissing},
		{name: "no C$", options: smbtest.SambaOptions{OmitShares: []string{"C$"}}, place: windows2000, want: smbprobe.PhonebookMissing},
		{name: "a folder that leads out", place: windows2000, folder: `C:\..\Documents and Settings\All Users\Application Data`, want: smbprobe.PhonebookElsewhere},
		{name: "nowhere", empty: windows2000, want: smbprobe.PhonebookMissing},
		{name: "nowhere, no folder Ras", empty: windows2000, noRAS: true, want: smbprobe.PhonebookFolderMissing},
		{name: "another path asked for", place: windows2000, path: `System32\Ras\other.pbk`, want: smbprobe.PhonebookMissing},
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
			want.Success = true // what is not there, or refused, is an answer
			wantOutcome(t, test.name, want, r)
			if exists, known := r.Phonebook.State.Exists(); exists || known != (test.want != smbprobe.PhonebookUnknown) {
				t.Errorf("state %s: exists %t, known %t", r.Phonebook.State, exists, known)
			}
		})
	}
}
