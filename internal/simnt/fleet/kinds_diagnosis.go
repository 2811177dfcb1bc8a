package fleet

import (
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// diagnosisKinds are servers with further causes that are worth seeing.
var diagnosisKinds = []kind{
	{
		name: "share-elsewhere", site: munich, options: nt4(), log: failing(entryName, "5"),
		summary: "Admin$ leads to a folder that Windows is not in",
		prepare: func(h *simnt.Host) {
			h.WriteFile(`C:\OLDNT\System32\Ras\modem.inf`, nil, longAgo)
			h.SetSharePath(adminShare, `C:\OLDNT`)
		},
		want: noPhonebook(smbprobe.PhonebookMissing, smbprobe.VerdictCritical, "critical share_leads_elsewhere"),
	},
	{
		name: "book-empty", site: berlin, options: nt4(),
		summary: "the last entry of the phone book was deleted",
		prepare: func(h *simnt.Host) { h.WriteFile(phonebookPath, []byte("\r\n"), longAgo) },
		want:    sound(smbprobe.VerdictCritical, "critical phonebook_empty"),
	},
	{
		name: "ras-folder-gone", site: hamburg, options: nt4(),
		summary: "the folder of Remote Access Service was renamed",
		prepare: func(h *simnt.Host) { h.RemoveFolder(rasFolder) },
		want:    noPhonebook(smbprobe.PhonebookFolderMissing, smbprobe.VerdictCritical, "critical phonebook_folder_missing"),
	},
	{
		name: "book-not-seen", site: cologne, options: windows2000(),
		summary: "Windows 2000 without a phone book at the place of NT, and without C$ to look at the other one",
		prepare: func(h *simnt.Host) {
			h.RemoveFile(phonebookPath)
			h.RemoveShare(systemShare)
		},
		want: noPhonebook(smbprobe.PhonebookMissing, smbprobe.VerdictWarning, "warning phonebook_missing"),
	},
	{
		name: "imc-password", site: munich, options: nt4(), log: failing(entryName, "1326"),
		summary: "the password of the service's account was changed in User Manager alone",
		prepare: func(h *simnt.Host) {
			h.System().SetService(rpc.Service{Name: mailService, Display: "Microsoft Exchange Internet Mail Service", State: running, Start: automatic, Account: `DEMO\exchange`})
		},
		want: sound(smbprobe.VerdictCritical, "critical phonebook_not_reachable_by_service"),
	},
	{
		name: "no-mail-service", site: hamburg, options: nt4(),
		summary: "the Internet Mail Service has moved to another server",
		prepare: func(h *simnt.Host) { h.System().RemoveService(mailService) },
		want:    sound(smbprobe.VerdictWarning, "warning mail_service_not_installed"),
	},
}
