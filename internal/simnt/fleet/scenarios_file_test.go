package fleet

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

const (
	statusFileCorrupt = 0xC0000102
	statusCRCError    = 0xC000003F
)

// unicode returns a text as Notepad saves it as Unicode.
func unicode(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// sound1 is a sound phone book with the dialed entry.
var sound1 = string(phonebook(entryName))

// without removes each line that begins with a key from a phone book.
func without(book, key string) string {
	var kept []string
	for _, line := range strings.SplitAfter(book, "\r\n") {
		if !strings.HasPrefix(line, key) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func manyNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("Branch %d", i+1))
	}
	return names
}

func rasNotInstalled(h *simnt.Host) {
	h.RemoveFolder(rasFolder)
	h.System().RemoveService("RasMan")
}

// fileScenarios are about the phone book's file.
var fileScenarios = []scenario{
	{
		name: "the phone book was deleted", log: now("5", "623"), prepare: noBook,
		want: []string{"critical phonebook_missing"}, fix: "Restore rasphone.pbk",
		says:  []string{"There is no phone book at System32", "[5]", "[623]", "hidden ones included", "Restore rasphone.pbk", "make the entry in Dial-Up Networking", "My Computer, Dial-Up Networking", "Choose the entry again", "net start MSExchangeIMC"},
		never: []string{"Windows 2000 or later", "All Users"},
	},
	{
		name: "a folder has the name of the phone book", prepare: do(noBook, func(h *simnt.Host) {
			h.WriteFile(phonebookPath+`\readme.txt`, nil, longAgo)
		}),
		want: []string{"critical phonebook_missing"}, says: []string{"There is a folder of its name"},
	},
	{
		name: "RAS was removed", prepare: rasNotInstalled,
		want: []string{"critical ras_not_installed"}, fix: "At exch",
		says: []string{"The service RasMan is not installed", "add Remote Access Service", "Install the service pack again", "Restart"},
	},
	{
		name: "the folder was renamed", prepare: func(h *simnt.Host) { h.RemoveFolder(rasFolder) },
		want: []string{"critical phonebook_folder_missing"}, fix: "If the folder was renamed", says: []string{"The service RasMan is installed", "Ras*"},
	},
	{
		name: "no folder, and the services are refused", prepare: do(func(h *simnt.Host) { h.RemoveFolder(rasFolder) }, pipesRefuse(statusAccessDenied, "svcctl")),
		want: []string{"critical ras_not_installed", "warning rpc_refused"}, says: []string{"probably Remote Access Service is not installed", "is not known"},
	},
	{
		name: "RAS is not needed, and nothing dials", prepare: do(bookOf(entryName), func(h *simnt.Host) { h.System().RemoveService("RasAuto") }),
	},
	{
		name: "a file of no bytes", prepare: book(""),
		want: []string{"critical phonebook_damaged"}, says: []string{"The phone book is damaged: the file has no content", "rasphone.bad", "Restore rasphone.pbk"},
	},
	{
		name: "zeros after a crash", prepare: book(strings.Repeat("\x00", 2000)),
		want: []string{"critical phonebook_damaged"}, says: []string{"NUL bytes, as a crash of the server leaves them", "Restore rasphone.pbk", "last resort"},
	},
	{
		name: "zeros at the end after a crash", log: now("5"), prepare: book(string(truncatedByCrash(phonebook(entryName, spareEntryName)))),
		want: []string{"critical phonebook_damaged"}, says: []string{"NUL bytes", "[5]"},
	},
	{
		name: "saved as Unicode in Notepad", prepare: book(unicode(sound1)),
		want: []string{"critical phonebook_damaged"}, says: []string{"it was saved as Unicode", "rasphone.bad", "save it as ANSI text", "If that is not enough: Restore"},
	},
	{
		name: "a program has its name", prepare: book("MZ\x90\x03\x04\x01\x02" + strings.Repeat("\x11\x12\x80\xff", 500)),
		want: []string{"critical phonebook_damaged"}, says: []string{"Restore rasphone.pbk"},
	},
	{
		name: "cut in the middle", prepare: book(sound1[:strings.Index(sound1, "Device=Standard")+9]),
		want: []string{"critical phonebook_damaged"}, says: []string{"it ends in the middle", "Restore rasphone.pbk"},
	},
	{
		name: "the first line of an entry was deleted", prepare: book(strings.TrimPrefix(sound1, "["+entryName+"]\r\n")),
		want: []string{"critical phonebook_damaged"}, says: []string{"text stands before the first entry"},
	},
	{
		name: "an entry was copied and not renamed", prepare: bookOf(entryName, entryName),
		want: []string{"critical phonebook_damaged"}, says: []string{"two entries have the same name", "Rename or delete one of the two"},
	},
	{
		name: "two entries ran together", prepare: book(strings.TrimRight(sound1, "\r\n") + strings.Replace(string(phonebook(spareEntryName)), "\r\n", "\r\n", 1)),
		want: []string{"critical phonebook_damaged"},
		says: []string{"ran together", "put the missing line end"},
	},
	{
		name: "the last entry was deleted", log: now("623"), prepare: book("\r\n"),
		want: []string{"critical phonebook_empty"}, says: []string{"The phone book is empty: there is nothing to dial", "[623]"},
	},
	{
		name: "the dialed entry lost its modem", prepare: book(without(sound1, "DEVICE=")),
		want: []string{"critical phonebook_damaged"},
	},
	{
		name: "the dialed entry lost its port", prepare: book(without(sound1, "Port=") + string(phonebook(spareEntryName))),
		want: []string{"critical entry_unusable"}, fix: "rasphone", says: []string{"A dialed entry cannot be used", "no Port line"},
	},
	{
		name: "an entry that is not dialed lost its port", prepare: book(without(string(phonebook(spareEntryName)), "Port=") + sound1),
		want: []string{"warning entry_unusable"},
	},
	{
		name: "the phone book comes from a newer Windows", prepare: book(strings.Replace(sound1, "Description=", "PBVersion=1\r\nDescription=", 1)),
	},
	{
		name: "lines end as on Unix, and the last one does not", prepare: book(strings.TrimRight(strings.ReplaceAll(sound1, "\r\n", "\n"), "\n")),
	},
	{
		name: "a name in the code page of DOS", dialed: []string{"Büro"}, prepare: book(strings.Replace(sound1, entryName, "B\x81ro", 1)),
	},
	{
		name: "permissions of the file", log: now("5"), prepare: fileRefuses(statusAccessDenied),
		want: []string{"critical phonebook_access_denied"}, fix: `cd /d`,
		says: []string{"The share is open", `cacls %SystemRoot%\System32\Ras\rasphone.pbk`, `cacls %SystemRoot%\System32\Ras`, "Everyone has it by default", "cacls rasphone.pbk /e /g", "cacls . /e /g"}, never: []string{"EFS"},
	},
	{
		name: "permissions of the folder", prepare: func(h *simnt.Host) { h.DenyFile(rasFolder, statusAccessDenied) },
		want: []string{"critical phonebook_access_denied"},
	},
	{
		name: "an encrypted file", options: windows2000(), prepare: fileRefuses(statusAccessDenied),
		want: []string{"critical phonebook_access_denied"}, says: []string{"EFS refuses everyone but its owner"},
	},
	{
		name: "a backup has the file", prepare: fileRefuses(statusSharingViolation),
		want: []string{"warning phonebook_locked"}, says: []string{"net file", "a backup, an anti-virus program"},
	},
	{
		name: "a backup has the file, and calls fail", log: now("5"), prepare: fileRefuses(statusSharingViolation),
		want: []string{"critical phonebook_locked"}, says: []string{"[5]"},
	},
	{
		name: "a backup has the file, and calls meet a lock", log: now("32"), prepare: fileRefuses(statusSharingViolation),
		want: []string{"critical phonebook_locked"}, says: []string{"[32]"},
	},
	{
		name: "a bad sector", prepare: fileRefuses(statusCRCError),
		want: []string{"critical phonebook_disk_error"}, fix: "Make sure that there is a backup", says: []string{"System log", "chkdsk %SystemDrive% /f", "net stop MSExchangeIMC"},
	},
	{
		name: "the disk fails", prepare: fileRefuses(0xC000016A),
		want: []string{"critical phonebook_disk_error"}, says: []string{"STATUS_DISK_OPERATION_FAILED"},
	},
	{
		name: "a damaged file system", prepare: fileRefuses(statusFileCorrupt),
		want: []string{"critical phonebook_disk_error"},
	},
	{
		name: "a file of 2 MB", prepare: book(strings.Repeat(sound1, 5000)[:2<<20]),
		want: []string{"critical phonebook_too_large"}, says: []string{"2097152 bytes", "look what the file is", "rasphone.bad"},
	},
	{
		name: "a phone book of 150 entries", prepare: bookOf(append(manyNames(150), entryName)...),
	},
	{
		name: "Windows 2000, no phone book at all", options: windows2000(), prepare: do(noBook, func(h *simnt.Host) { h.WriteFile(w2kAppData+`\desktop.ini`, nil, longAgo) }),
		want: []string{"critical phonebook_missing"}, says: []string{"There is none under All Users either", "for all users", "Network and Dial-up Connections"}, never: []string{"My Computer, Dial-Up"},
	},
	{
		name: "Windows 2000, C$ is closed", options: windows2000(), prepare: do(noBook, removeShares(systemShare)),
		want: []string{"warning phonebook_missing"}, says: []string{"could not be seen"},
	},
	{
		name: "Windows 2000, C$ is closed, and calls are denied", options: windows2000(), log: now("5"), prepare: do(noBook, removeShares(systemShare)),
		want: []string{"critical phonebook_missing"},
	},
	{
		name: "Windows 2000, the phone book under All Users", options: windows2000(), prepare: do(noBook, allUsers(sound1)),
		want: []string{"warning phonebook_elsewhere"}, says: []string{"rasphone.pbk is not in System32\\Ras (STATUS_OBJECT_NAME_NOT_FOUND", "There is one under All Users.", "Help, About: Exchange 5.5 SP3 or later? Then this is harmless."},
	},
	{
		name: "Windows 2000, the phone book under All Users, and calls are denied", options: windows2000(), log: now("5"), prepare: do(noBook, allUsers(sound1)),
		want: []string{"critical phonebook_elsewhere"}, says: []string{"Exchange is before SP3", "install Exchange 5.5 SP3", "copy"},
	},
	{
		name: "Windows 2000, damaged, and a sound one under All Users", options: windows2000(), prepare: do(book("\x00\x00\x00"), allUsers(sound1)),
		want: []string{"warning phonebook_damaged"}, says: []string{"There is a sound one under All Users"},
	},
	{
		name: "Windows 2000, damaged, and one under All Users without the entry", options: windows2000(), prepare: do(book("\x00\x00\x00"), allUsers(string(phonebook(spareEntryName)))),
		want: []string{"critical phonebook_damaged"},
	},
	{
		name: "Windows 2000, the phone book under All Users is damaged", options: windows2000(), prepare: do(noBook, allUsers("\x00\x00")),
		want: []string{"critical phonebook_elsewhere"}, fix: "The phone book under All Users: restore it", says: []string{"it is not sound either", "for all users"}, never: []string{"harmless"},
	},
	{
		name: "Windows 2000, the phone book under All Users is refused", options: windows2000(),
		prepare: do(noBook, allUsers(sound1), func(h *simnt.Host) { h.DenyFile(w2kPhonebookPath, statusAccessDenied) }),
		want:    []string{"warning phonebook_missing"}, says: []string{"Whether there is one under All Users is not known", "could not be seen"},
	},
	{
		name: "the module has another path", module: []string{"phonebook: {path: 'Router.pbk'}"},
		want: []string{"critical phonebook_missing"}, says: []string{"There is no phone book at Router.pbk, where the exporter's module looks for it"},
	},
	{
		name: "Windows 2000, no folder, RAS is always there", options: windows2000(), prepare: do(func(h *simnt.Host) { h.RemoveFolder(rasFolder) }, allUsers(sound1)),
		want: []string{"warning phonebook_elsewhere"},
	},
	{
		name: "Windows 2000, the entry is under All Users alone", options: windows2000(), prepare: do(bookOf(spareEntryName), allUsers(sound1)),
		want: []string{"warning entry_not_in_book"},
	},
	{
		name: "Windows 2000, events name an entry that is under All Users alone", options: windows2000(), dialed: []string{}, log: now("676"), prepare: do(bookOf(spareEntryName), allUsers(sound1)),
		want: []string{"warning entry_not_in_book", "warning line_or_answer_missing"}, says: []string{"There is a sound one under All Users"},
	},
	{
		name: "Windows 2000, events name an entry that is in neither phone book", options: windows2000(), dialed: []string{}, log: now("676"),
		prepare: do(bookOf(spareEntryName), allUsers(string(phonebook(spareEntryName)))),
		want:    []string{"critical entry_not_in_book", "warning line_or_answer_missing"}, says: []string{`under All Users, which does not hold "Internet"`},
	},
	{
		name: "Windows 2000, the phone book under All Users lacks the entry of events", options: windows2000(), dialed: []string{}, log: now("623"),
		prepare: do(noBook, allUsers(string(phonebook(spareEntryName)))),
		want:    []string{"critical phonebook_elsewhere"}, says: []string{`the one under All Users does not hold "Internet"`},
	},
	{
		name: "Windows 2000, the phone book under All Users lacked the entry yesterday", options: windows2000(), dialed: []string{}, log: failed([]string{"623"}, 20*time.Hour),
		prepare: do(noBook, allUsers(string(phonebook(spareEntryName)))),
		want:    []string{"warning phonebook_elsewhere"},
	},
	{
		name: "Windows 2000, whether the entry is under All Users cannot be decided", options: windows2000(), dialed: []string{"B\u00fcro \U0001F4DE"}, prepare: do(noBook, allUsers(sound1)),
		want: []string{"warning phonebook_elsewhere"},
	},
	{
		name: "the phone book was restored", log: failed([]string{"5"}, 4*time.Minute, 9*time.Minute), prepare: noBook, repair: bookOf(entryName),
		want: []string{"info dialup_access_denied"}, says: []string{"both are healthy now. Nothing has failed since; the next call will show."},
	},
	{
		name: "Admin$ was made again", log: failed([]string{"5"}, 4*time.Minute, 9*time.Minute), prepare: removeShares(adminShare), repair: func(h *simnt.Host) { h.RestoreShare(adminShare) },
		want: []string{"info dialup_access_denied"}, says: []string{"both are healthy now"},
	},
}
