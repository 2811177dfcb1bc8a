package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// phonebookKinds are servers on which something is wrong with the phone book.
var phonebookKinds = []kind{
	{
		name: "book-missing", site: munich, options: nt4(), log: failing(entryName, "5"),
		summary: "the phone book was deleted",
		prepare: func(h *simnt.Host) { h.RemoveFile(phonebookPath) },
		want:    noPhonebook(smbprobe.PhonebookMissing, smbprobe.VerdictCritical, "critical phonebook_missing"),
	},
	{
		name: "ras-missing", site: cologne, options: nt4(),
		summary: "Remote Access Service is not installed",
		prepare: func(h *simnt.Host) {
			h.RemoveFolder(rasFolder)
			h.System().RemoveService("RasMan")
		},
		want: noPhonebook(smbprobe.PhonebookFolderMissing, smbprobe.VerdictCritical, "critical ras_not_installed"),
	},
	{
		name: "book-damaged", site: berlin, options: nt4(), log: failing(entryName, "5"),
		summary: "the server crashed while the phone book was written",
		prepare: func(h *simnt.Host) {
			h.WriteFile(phonebookPath, truncatedByCrash(phonebook(entryName, spareEntryName)), longAgo)
		},
		want: noPhonebook(smbprobe.PhonebookDamaged, smbprobe.VerdictCritical, "critical phonebook_damaged").
			with("rasphone_phonebook_intact 0"),
	},
	{
		name: "book-denied", site: hamburg, options: nt4(), log: failing(entryName, "5"),
		summary: "the rights on the phone book let no account read it",
		prepare: func(h *simnt.Host) { h.DenyFile(phonebookPath, statusAccessDenied) },
		want:    noPhonebook(smbprobe.PhonebookAccessDenied, smbprobe.VerdictCritical, "critical phonebook_access_denied"),
	},
	{
		name: "book-locked", site: hamburg, options: nt4(),
		summary: "an anti-virus program holds the phone book open",
		prepare: func(h *simnt.Host) { h.DenyFile(phonebookPath, statusSharingViolation) },
		want:    noPhonebook(smbprobe.PhonebookLocked, smbprobe.VerdictWarning, "warning phonebook_locked"),
	},
	{
		name: "book-elsewhere", site: cologne, options: windows2000(),
		summary: "Windows 2000 with the phone book where Exchange 5.5 before SP3 does not look",
		prepare: func(h *simnt.Host) {
			h.RemoveFile(phonebookPath)
			h.WriteFile(w2kPhonebookPath, phonebook(entryName), longAgo)
		},
		want: noPhonebook(smbprobe.PhonebookElsewhere, smbprobe.VerdictWarning, "warning phonebook_elsewhere"),
	},
}

// longAgo is before every event of a log, whatever the clock of the fleet.
var longAgo = time.Date(1999, 11, 19, 10, 42, 0, 0, time.UTC)

// dialKinds are servers whose share and phone book are in order, and that cannot dial.
var dialKinds = []kind{
	{
		name: "dial-denied", site: munich, options: nt4(), log: failing(entryName, "5"),
		summary: "the Internet Mail Service's account may not do what the exporter's may",
		want:    sound(smbprobe.VerdictCritical, "critical dialup_access_denied"),
	},
	{
		name: "name-too-long", site: berlin, options: nt4(), module: moduleLongName, log: failing(longEntryName, "87"),
		summary: "the entry's name has 25 characters, and the Internet Mail Service takes 20",
		prepare: func(h *simnt.Host) { h.WriteFile(phonebookPath, phonebook(longEntryName), longAgo) },
		want: sound(smbprobe.VerdictCritical, "critical entry_name_too_long").
			with("rasphone_phonebook_intact 0", `rasphone_phonebook_dialed_entry_usable{entry="`+longEntryName+`"} 0`),
	},
	{
		name: "domain-too-long", site: hamburg, options: nt4(),
		summary: "the logon information has a DNS name for a domain",
		log:     logPlan{failures: []failures{{entry: entryName, code: "87", every: 5 * time.Minute, related: true}}},
		want:    sound(smbprobe.VerdictCritical, "critical logon_domain_too_long"),
	},
	{
		name: "entry-renamed", site: cologne, options: nt4(), log: failing(entryName, "623"),
		summary: "the dialed entry was renamed",
		prepare: func(h *simnt.Host) { h.WriteFile(phonebookPath, phonebook("Internet (new)", spareEntryName), longAgo) },
		want: sound(smbprobe.VerdictCritical, "critical entry_not_in_book").
			with(`rasphone_phonebook_dialed_entry_usable{entry="` + entryName + `"} 0`),
	},
	{
		name: "port-locked", site: munich, options: nt4(), log: failing(entryName, "633"),
		summary: "a script that waits indefinitely keeps the port",
		want:    sound(smbprobe.VerdictCritical, "critical port_taken"),
	},
	{
		name: "line-busy", site: berlin, options: nt4(),
		summary: "the line is busy, every minute",
		log:     logPlan{failures: []failures{{entry: entryName, code: "676", every: time.Minute}}},
		want:    sound(smbprobe.VerdictCritical, "critical line_or_answer_missing"),
	},
	{
		name: "card-removed", site: hamburg, options: nt4(), log: failing(entryName, "2"),
		summary: "a network card is gone, and its registry key is not",
		prepare: func(h *simnt.Host) { networkCard(h, "2", "NE20001") },
		want:    sound(smbprobe.VerdictCritical, "critical dialup_network_card_key_stale"),
	},
	{
		name: "old-pack", site: cologne, options: simnt.Options{ServicePack: 3}, ntlmV1: true, log: failing(entryName, "317"),
		summary: "Service Pack 3, with a fault that hides why dialing fails",
		want:    sound(smbprobe.VerdictCritical, "critical nt4_dial_bug"),
	},
	{
		name: "plugplay-off", site: munich, options: nt4(), log: failing(entryName, "711"),
		summary: "Plug and Play does not run, and so RasMan does not start",
		prepare: func(h *simnt.Host) {
			stopService(h, "PlugPlay", "Plug and Play", 0)
			h.System().SetService(rpc.Service{Name: "RasMan", Display: "Remote Access Connection Manager", State: stopped, Start: manual, ExitCode: dependencyFailed})
		},
		want: sound(smbprobe.VerdictCritical, "critical rasman_cannot_start"),
	},
}
