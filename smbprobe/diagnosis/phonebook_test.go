package diagnosis

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestPhonebook(t *testing.T) {
	folder := bookIs(smbprobe.PhonebookFolderMissing, smb.StatusObjectPathNotFound)
	rasman := func(installed *bool) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			*service(r, "RasMan") = smbprobe.ServiceResult{Name: "RasMan", Installed: installed}
		}
	}
	damaged := func(check phonebook.CheckID) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: check, Class: phonebook.ClassFile, Line: 7})
		}
	}
	locked := bookIs(smbprobe.PhonebookLocked, smb.StatusSharingViolation)
	denied := bookIs(smbprobe.PhonebookAccessDenied, smb.StatusAccessDenied)
	custom := func(r *smbprobe.Result) { r.PhonebookPath = `System32\Ras\other.pbk` }
	runCauseTests(t, []causeTest{
		{"no folder, RAS not installed", all(folder, rasman(new(false))), []string{"ras_not_installed critical"}, "The service RasMan is not installed.", ""},
		{"no folder, not known whether", all(folder, rasman(nil)), []string{"ras_not_installed critical"}, "is not known", ""},
		{"no folder, RAS installed", folder, []string{"phonebook_folder_missing critical"}, "deleted or renamed", ""},
		{"missing, and calls fail", all(bookIs(smbprobe.PhonebookMissing, 0), failsWith("5"), failsWith("623")), []string{"phonebook_missing critical"}, "[623]", ""},
		{"missing at a path of one's own", all(bookIs(smbprobe.PhonebookMissing, 0), custom), []string{"phonebook_missing critical"}, `System32\Ras\other.pbk`, ""},
		{"empty", emptyBook, []string{"phonebook_empty critical"}, "The phone book is empty: there is nothing to dial", ""},
		{"a file of no bytes", func(r *smbprobe.Result) {
			emptyBook(r)
			found(r, phonebook.Finding{Check: phonebook.CheckEmptyFile, Class: phonebook.ClassFile})
			r.Phonebook.Dialed = nil
		}, []string{"phonebook_damaged critical"}, "the file has no content", ""},
		{"saved as Unicode", damaged("utf16_mark"), []string{"phonebook_damaged critical"}, "The phone book is damaged: it was saved as Unicode", "utf16_mark: "},
		{"save it as ANSI", damaged("utf16_mark"), []string{"phonebook_damaged critical"}, "save it as ANSI text", "put the missing line end"},
		{"twice the same name", damaged("duplicate_entry"), []string{"phonebook_damaged critical"}, "Rename or delete one of the two", ""},
		{"entries that ran together", damaged("entries_run_together"), []string{"phonebook_damaged critical"}, "put the missing line end", ""},
		{"NUL bytes", damaged("nul_bytes"), []string{"phonebook_damaged critical"}, "this is the last resort", ""},
		{"denied", denied, []string{"phonebook_access_denied critical"}, `cacls %SystemRoot%\System32\Ras` + "\n", "EFS"},
		{"locked", locked, []string{"phonebook_locked warning"}, "another program has it open", ""},
		{"locked, and calls are denied", all(locked, failsWith("5")), []string{"phonebook_locked critical"}, "[5]", ""},
		{"locked, and calls meet a lock", all(locked, failsWith("32")), []string{"phonebook_locked critical"}, "[32]", ""},
		{"disk", bookIs(smbprobe.PhonebookDiskError, smb.StatusDataError), []string{"phonebook_disk_error critical"}, "chkdsk %SystemDrive% /f", ""},
		{"too large", bookIs(smbprobe.PhonebookTooLarge, 0), []string{"phonebook_too_large critical"}, "max_size", ""},
		{"written by a later Windows", func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: phonebook.CheckNewerWindows, Class: phonebook.ClassOddity, Line: 2, Entry: "Provider"})
		}, nil, "", ""},
	})
}

// TestWindows2000: a fault at the place of Windows NT is a warning if the phone book under All
// Users is sound and calls are not denied.
func TestWindows2000(t *testing.T) {
	const ok, missing, unknown, bad = smbprobe.PhonebookOK, smbprobe.PhonebookMissing, smbprobe.PhonebookUnknown, smbprobe.PhonebookDamaged
	gone := bookIs(missing, smb.StatusObjectNameNotFound)
	damaged := func(r *smbprobe.Result) {
		found(r, phonebook.Finding{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile})
	}
	lacks := func(r *smbprobe.Result) { r.Phonebook.Dialed = []phonebook.Dialed{{Name: "Other", Missing: true}} }
	elsewhere := bookIs(smbprobe.PhonebookElsewhere, smb.StatusObjectNameNotFound)
	unsound := func(r *smbprobe.Result) { r.Phonebook.AllUsers.Intact = new(false) }
	denied := failsWith("5")
	before := func(r *smbprobe.Result) { dials(r, "Provider", "5", 3*time.Hour) }
	runCauseTests(t, []causeTest{
		{"missing, All Users could not be looked at", windows2000(unknown, gone), []string{"phonebook_missing warning"}, "could not be seen", ""},
		{"missing, All Users not looked for", windows2000("", gone), []string{"phonebook_missing warning"}, "All Users", ""},
		{"and calls are denied", windows2000(unknown, gone, denied), []string{"phonebook_missing critical"}, "", ""},
		{"and were denied", windows2000(unknown, gone, before), []string{"phonebook_missing warning"}, "", ""},
		{"missing at both places", windows2000(missing, gone), []string{"phonebook_missing critical"}, "There is none under All Users either.", ""},
		{"missing at a path of one's own", all(windows2000("", gone), func(r *smbprobe.Result) { r.PhonebookPath = `x\y.pbk` }), []string{"phonebook_missing critical"}, "", ""},
		{"elsewhere", windows2000(ok, elsewhere), []string{"phonebook_elsewhere warning"}, "In Exchange Administrator, Help, About: Exchange 5.5 SP3 or later? Then this is harmless.", ""},
		{"elsewhere, and calls are denied", windows2000(ok, elsewhere, denied), []string{"phonebook_elsewhere critical"}, "Exchange is before SP3", ""},
		{"elsewhere, not sound", all(windows2000(ok, elsewhere), unsound), []string{"phonebook_elsewhere critical"}, "not sound", ""},
		{"damaged, a sound one there", windows2000(ok, damaged), []string{"phonebook_damaged warning"}, "a sound one under All Users", ""},
		{"damaged, and calls are denied", windows2000(ok, damaged, denied), []string{"phonebook_damaged critical"}, "", ""},
		{"damaged at both", windows2000(bad, damaged), []string{"phonebook_damaged critical"}, "not sound either", ""},
		{"damaged, that one not seen", windows2000(unknown, damaged), []string{"phonebook_damaged critical"}, "", ""},
		{"empty, a sound one there", windows2000(ok, emptyBook), []string{"phonebook_empty warning"}, "", ""},
		{"lacks an entry, a sound one there", windows2000(ok, lacks), []string{"entry_not_in_book warning"}, "", ""},
		{"lacks an entry, none there", windows2000(missing, lacks), []string{"entry_not_in_book critical"}, "", ""},
		{"denied: EFS is possible", windows2000(missing, bookIs(smbprobe.PhonebookAccessDenied, smb.StatusAccessDenied)), []string{"phonebook_access_denied critical"}, "EFS", ""},
		{"dialogs of Windows 2000", windows2000(missing, gone), []string{"phonebook_missing critical"}, "Network and Dial-up Connections", "My Computer, Dial-Up Networking"},
	})
}

func TestEntryUnusable(t *testing.T) {
	dialed := func(d phonebook.Dialed, changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Phonebook.Dialed = []phonebook.Dialed{d}
			all(changes...)(r)
		}
	}
	finding := func(check phonebook.CheckID, class phonebook.Class) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: check, Class: class, Line: 7, Entry: "Backup"})
		}
	}
	unusable := phonebook.Dialed{Name: "Backup", Entry: "Backup"}
	usable := phonebook.Dialed{Name: "Provider", Entry: "Provider", Usable: true}
	port := finding(phonebook.CheckPortMissing, phonebook.ClassEntry)
	mark := finding(phonebook.CheckMalformedLine, phonebook.ClassFile)
	is := []string{"entry_unusable critical"}
	damaged := []string{"phonebook_damaged critical"}
	runCauseTests(t, []causeTest{
		{"a finding", dialed(unusable, port), is, "no Port line", ""},
		{"a finding that is not listed", dialed(unusable), is, `"Backup"`, ""},
		{"of an entry that is not dialed", dialed(usable, port), []string{"entry_unusable warning"}, "", "not known"},
		{"of an entry, and none is known to be dialed", func(r *smbprobe.Result) { r.Phonebook.Dialed = nil; port(r) }, []string{"entry_unusable warning"}, "names no dialed_entries", ""},
		{"damage of the file", dialed(unusable, mark), damaged, "malformed_line", ""},
		{"both", dialed(unusable, mark, port), append(damaged, is...), "malformed_line, once", ""},
		{"unreadable", dialed(phonebook.Dialed{Name: "Backup"}, mark), damaged, "malformed_line", ""},
		{"usable", dialed(phonebook.Dialed{Name: "Backup", Entry: "Backup", Usable: true}), nil, "", ""},
	})
}
