package fleet

import (
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

const keyProduct = `SYSTEM\CurrentControlSet\Control\ProductOptions`

// shareScenarios are about Admin$.
var shareScenarios = []scenario{
	{
		name: "Admin$ was deleted with net share", log: failing(entryName, "5"), prepare: removeShares(adminShare),
		want: []string{"critical admin_share_removed"}, fix: "net share admin$",
		says:  []string{"removed by hand", "AutoShareServer is not set", "[5] ERROR_ACCESS_DENIED", "Explorer refuses", "net share admin$", `rasdial "NAME"`},
		never: []string{"regedt32", "Create hidden drive shares"},
	},
	{
		name: "a checklist set AutoShareServer to 0", log: failing(entryName, "5"),
		prepare: do(removeShares(adminShare, systemShare), setNumber(keyLanman, autoShareServer, 0)),
		want:    []string{"critical admin_share_disabled"}, fix: "net share admin$",
		says: []string{"AutoShareServer=0 stops Windows from making it again", "net share admin$", "Save Key", "AutoShareServer (REG_DWORD)", "now: 0", "set: 1", "Find out who set it"},
	},
	{
		name: "AutoShareServer is 0 as a text, and Admin$ was deleted",
		prepare: do(removeShares(adminShare), func(h *simnt.Host) {
			h.System().Registry().SetText(keyLanman, autoShareServer, "0")
		}),
		want: []string{"critical admin_share_removed"}, fix: "net share admin$",
		says: []string{"of type REG_SZ, and Windows ignores a value of that type", "net share admin$", "with a registry value of the wrong type"},
	},
	{
		name: "AutoShareServer is 0 as several texts, and Admin$ was deleted",
		prepare: do(removeShares(adminShare), func(h *simnt.Host) {
			h.System().Registry().SetTexts(keyLanman, autoShareServer, []string{"0"})
		}),
		want: []string{"critical admin_share_removed"}, says: []string{"of type REG_MULTI_SZ, and Windows ignores a value of that type"},
	},
	{
		name: "AutoShareServer is 0 as bytes, and Admin$ was deleted",
		prepare: do(removeShares(adminShare), func(h *simnt.Host) {
			h.System().Registry().SetBytes(keyLanman, autoShareServer, []byte{0, 0, 0, 0})
		}),
		want: []string{"critical admin_share_missing"}, fix: "net share admin$", says: []string{"it could not be read, or is no number"},
	},
	{
		name: "AutoShareWks is 0 on a server, and Admin$ was deleted", prepare: do(removeShares(adminShare), setNumber(keyLanman, "AutoShareWks", 0)),
		want: []string{"critical admin_share_removed"}, never: []string{"AutoShareWks is 0", "regedt32"},
	},
	{
		name: "AutoShareWks is 0 on a server, and all is well", prepare: setNumber(keyLanman, "AutoShareWks", 0),
	},
	{
		name: "AutoShareServer is 1", prepare: setNumber(keyLanman, autoShareServer, 1),
	},
	{
		name: "AutoShareWks is 0 on a workstation", options: simnt.Options{ServicePack: 6, Workstation: true},
		prepare: do(removeShares(adminShare, systemShare), setNumber(keyLanman, "AutoShareWks", 0)),
		want:    []string{"critical admin_share_disabled"}, says: []string{"AutoShareWks=0", "AutoShareWks (REG_DWORD)"},
	},
	{
		name: "a domain controller came up without shares", options: nt4Controller(), prepare: removeShares(adminShare, systemShare),
		want: []string{"critical admin_share_removed"}, fix: "net share admin$",
		says: []string{"This domain controller has lost Admin$ and C$", "Q246752", "Create hidden drive shares"},
	},
	{
		name: "a Terminal Server came up without shares",
		prepare: do(removeShares(adminShare, systemShare), func(h *simnt.Host) {
			h.System().Registry().SetTexts(keyProduct, "ProductSuite", []string{"Terminal Server"})
		}),
		want: []string{"critical admin_share_removed"}, says: []string{"This Terminal Server has lost", "Create hidden drive shares"},
	},
	{
		name: "a member server without both shares", prepare: removeShares(adminShare, systemShare),
		want: []string{"critical admin_share_removed"}, never: []string{"Create hidden drive shares", "Q246752)."},
	},
	{
		name: "a domain controller without Admin$ alone", options: nt4Controller(), prepare: removeShares(adminShare),
		want: []string{"critical admin_share_removed"}, never: []string{"has lost"},
	},
	{
		name: "Admin$ is gone, and the registry is refused", prepare: do(removeShares(adminShare), pipesRefuse(statusAccessDenied, "winreg")),
		want: []string{"critical admin_share_missing"}, fix: "net share admin$",
		says: []string{"removed by hand, or switched off by AutoShareServer=0", "net share admin$", "Look at AutoShareServer. If it is 0"},
	},
	{
		name: "a printer has the name of Admin$", prepare: func(h *simnt.Host) { h.SetShareService(adminShare, "LPT1:") },
		want: []string{"critical admin_share_missing"}, fix: "net share admin$ /delete", says: []string{"is no disk: it answered with STATUS_BAD_DEVICE_TYPE"}, never: []string{"AutoShareServer=0"},
	},
	{
		name: "a modem has the name of Admin$", log: now("5"), prepare: shareRefuses(0xC00000CB),
		want: []string{"critical admin_share_missing"}, fix: "net share admin$ /delete",
	},
	{
		name: "Admin$ was made by hand, and goes at the next start", prepare: setNumber(keyLanman, autoShareServer, 0),
		want: []string{"warning admin_share_not_automatic"}, says: []string{"will be gone after the next restart", "Save Key", "set: 1"}, never: []string{"1. fix net share admin$"},
	},
	{
		name: "Admin$ was made by hand with another folder", log: failing(entryName, "5"),
		prepare: func(h *simnt.Host) {
			h.WriteFile(`C:\NEWNT\System32\Ras\modem.inf`, nil, longAgo)
			h.SetSharePath(adminShare, `C:\NEWNT`)
		},
		want: []string{"critical share_leads_elsewhere"}, fix: "net share admin$ /delete",
		says: []string{`Admin$ leads to C:\NEWNT, and Windows is in C:\WINNT`, "net share admin$ /delete", "net share admin$"},
	},
	{
		name: "Admin$ leads to a folder without System32", prepare: func(h *simnt.Host) {
			h.WriteFile(`C:\DATA\readme.txt`, nil, longAgo)
			h.SetSharePath(adminShare, `C:\DATA`)
		},
		want: []string{"critical share_leads_elsewhere"},
	},
	{
		name: "Admin$ leads to another folder that has a phone book", prepare: func(h *simnt.Host) {
			h.WriteFile(`C:\NEWNT\System32\Ras\rasphone.pbk`, phonebook(entryName), longAgo)
			h.SetSharePath(adminShare, `C:\NEWNT`)
		},
	},
	{
		name: "the path of Admin$ is spelled in another way", prepare: do(noBook, func(h *simnt.Host) {
			h.System().Registry().SetText(keyWindowsNT, "SystemRoot", `c:\winnt\`)
		}),
		want: []string{"critical phonebook_missing"},
	},
	{
		name: "the path of Admin$ has a short name", prepare: do(noBook, func(h *simnt.Host) {
			h.System().Registry().SetText(keyWindowsNT, "SystemRoot", `C:\WINDOW~1`)
		}),
		want: []string{"critical phonebook_missing"},
	},
}
