package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// bookKinds are servers on which something is wrong with the phone book.
func bookKinds() []kind {
	return []kind{
		{
			name: "book-missing", site: munich, options: nt4(), diary: failing(entryName, "5"),
			summary: "somebody deleted the phone book",
			prepare: func(h *simnt.Host) { h.RemoveFile(bookPath) },
			want:    bookless(smbprobe.PhonebookMissing, smbprobe.VerdictCritical, "critical phonebook_missing"),
		},
		{
			name: "ras-missing", site: cologne, options: nt4(),
			summary: "Remote Access Service is not installed",
			prepare: func(h *simnt.Host) {
				h.RemoveFolder(rasFolder)
				h.System().RemoveService("RasMan")
			},
			want: bookless(smbprobe.PhonebookFolderMissing, smbprobe.VerdictCritical, "critical ras_not_installed"),
		},
		{
			name: "book-damaged", site: berlin, options: nt4(), diary: failing(entryName, "5"),
			summary: "the server crashed while the phone book was written",
			prepare: func(h *simnt.Host) {
				h.WriteFile(bookPath, crashed(book(entryName, spareEntryName)), longAgo())
			},
			want: bookless(smbprobe.PhonebookDamaged, smbprobe.VerdictCritical, "critical phonebook_damaged").
				with("rasphone_phonebook_intact 0"),
		},
		{
			name: "book-denied", site: hamburg, options: nt4(), diary: failing(entryName, "5"),
			summary: "nobody may read the phone book",
			prepare: func(h *simnt.Host) { h.DenyFile(bookPath, statusAccessDenied) },
			want:    bookless(smbprobe.PhonebookAccessDenied, smbprobe.VerdictCritical, "critical phonebook_access_denied"),
		},
		{
			name: "book-locked", site: hamburg, options: nt4(),
			summary: "an anti-virus program holds the phone book open",
			prepare: func(h *simnt.Host) { h.DenyFile(bookPath, statusSharingViolation) },
			want:    bookless(smbprobe.PhonebookLocked, smbprobe.VerdictWarning, "warning phonebook_locked"),
		},
		{
			name: "book-elsewhere", site: cologne, options: windows2000(),
			summary: "Windows 2000 with the book where Exchange 5.5 before SP3 does not look",
			prepare: func(h *simnt.Host) {
				h.RemoveFile(bookPath)
				h.WriteFile(w2kBook, book(entryName), longAgo())
			},
			want: bookless(smbprobe.PhonebookElsewhere, smbprobe.VerdictWarning, "warning phonebook_elsewhere"),
		},
	}
}

// longAgo is before every event of a log, whatever the clock of the fleet says.
func longAgo() time.Time { return time.Date(1999, 11, 19, 10, 42, 0, 0, time.UTC) }
