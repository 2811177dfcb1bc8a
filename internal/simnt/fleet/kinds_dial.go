package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// dialKinds are servers whose share and book are in order, and that cannot dial.
func dialKinds() []kind {
	critical := func(causes ...string) Expectation { return sound(smbprobe.VerdictCritical, causes...) }
	warning := func(causes ...string) Expectation { return sound(smbprobe.VerdictWarning, causes...) }
	return []kind{
		{
			name: "dial-denied", site: munich, options: nt4(), diary: failing(entryName, "5"),
			summary: "the Internet Mail Service's account may not do what the exporter's may",
			want:    critical("critical dialup_access_denied"),
		},
		{
			name: "name-too-long", site: berlin, options: nt4(), module: moduleLongName, diary: failing(longEntryName, "87"),
			summary: "the entry's name has 25 characters, and the Internet Mail Service takes 20",
			prepare: func(h *simnt.Host) { h.WriteFile(bookPath, book(longEntryName), longAgo()) },
			want: critical("critical entry_name_too_long").
				with("rasphone_phonebook_intact 0", `rasphone_phonebook_dialed_entry_usable{entry="`+longEntryName+`"} 0`),
		},
		{
			name: "domain-too-long", site: hamburg, options: nt4(),
			summary: "the logon information has a DNS name for a domain",
			diary:   diaryPlan{failures: []failures{{entry: entryName, code: "87", every: 5 * time.Minute, companion: true}}},
			want:    critical("critical logon_domain_too_long"),
		},
		{
			name: "entry-renamed", site: cologne, options: nt4(), diary: failing(entryName, "623"),
			summary: "somebody renamed the entry that is dialled",
			prepare: func(h *simnt.Host) { h.WriteFile(bookPath, book("Internet (new)", spareEntryName), longAgo()) },
			want: critical("critical entry_not_in_book").
				with(`rasphone_phonebook_dialed_entry_usable{entry="` + entryName + `"} 0`),
		},
		{
			name: "port-locked", site: munich, options: nt4(), diary: failing(entryName, "633"),
			summary: "a script that waits indefinitely keeps the port",
			want:    critical("critical port_taken"),
		},
		{
			name: "line-busy", site: berlin, options: nt4(),
			summary: "the line is busy, every minute",
			diary:   diaryPlan{failures: []failures{{entry: entryName, code: "676", every: time.Minute}}},
			want:    warning("warning line_or_answer_missing"),
		},
		{
			name: "card-removed", site: hamburg, options: nt4(), diary: failing(entryName, "2"),
			summary: "a network card is gone, and its registry key is not",
			prepare: func(h *simnt.Host) { networkCard(h, "2", "NE20001") },
			want:    warning("warning dialup_network_card_key_stale"),
		},
		{
			name: "old-pack", site: cologne, options: simnt.Options{ServicePack: 3}, ntlmV1: true, diary: failing(entryName, "317"),
			summary: "Service Pack 3, with a fault that hides why dialling fails",
			want:    warning("warning nt4_dial_bug"),
		},
		{
			name: "plugplay-off", site: munich, options: nt4(), diary: failing(entryName, "711"),
			summary: "Plug and Play does not run, and so RasMan does not start",
			prepare: func(h *simnt.Host) { stopService(h, "PlugPlay", "Plug and Play", 0) },
			want:    critical("critical rasman_cannot_start"),
		},
	}
}
