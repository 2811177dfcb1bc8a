package fleet

import (
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func missing(cause string) Expectation {
	return shut(smbprobe.ShareMissing, smbprobe.VerdictCritical, cause)
}

// shareKinds are servers on which something is wrong with the administrative share.
var shareKinds = []kind{
	{
		name: "share-disabled", site: munich, options: nt4(), log: failing(entryName, "5"),
		summary: "no Admin$, and AutoShareServer=0 keeps it from being created",
		prepare: func(h *simnt.Host) {
			h.RemoveShare(adminShare)
			h.RemoveShare(systemShare)
			h.System().Registry().SetNumber(keyLanman, autoShareServer, 0)
		},
		want: missing("critical admin_share_disabled").with("rasphone_admin_share_automatic 0"),
	},
	{
		name: "share-removed", site: hamburg, options: nt4(), log: failing(entryName, "5"),
		summary: "Admin$ was removed by hand",
		prepare: func(h *simnt.Host) { h.RemoveShare(adminShare) },
		want:    missing("critical admin_share_removed").with("rasphone_admin_share_automatic 1"),
	},
	{
		name: "shares-lost", site: hamburg, options: nt4Controller(), log: failing(entryName, "5"),
		summary: "a domain controller that came up without Admin$ and C$",
		prepare: func(h *simnt.Host) {
			h.RemoveShare(adminShare)
			h.RemoveShare(systemShare)
		},
		want: missing("critical admin_share_removed"),
	},
	{
		name: "share-gone", site: cologne, options: nt4(), log: failing(entryName, "5"),
		summary: "no Admin$, and a registry that the account may not read",
		prepare: func(h *simnt.Host) {
			h.RemoveShare(adminShare)
			h.System().SetPipes(func(name string) uint32 {
				if name == "winreg" {
					return statusAccessDenied
				}
				return 0
			})
		},
		want: missing("critical admin_share_missing"),
	},
	{
		name: "share-by-hand", site: berlin, options: nt4(),
		summary: "Admin$ is there, and with AutoShareServer=0 it is gone after the next start",
		prepare: func(h *simnt.Host) { h.System().Registry().SetNumber(keyLanman, autoShareServer, 0) },
		want: sound(smbprobe.VerdictWarning, "warning admin_share_not_automatic").
			with("rasphone_admin_share_automatic 0"),
	},
}

// accountKinds are servers that refuse the exporter's account or give it too few rights.
var accountKinds = []kind{
	{
		name: "no-admin", site: munich, options: nt4(),
		summary: "the account is not an administrator",
		prepare: func(h *simnt.Host) { h.AddAccount(username, password, simnt.Account{}) },
		want:    shut(smbprobe.ShareAccessDenied, smbprobe.VerdictWarning, "warning account_not_administrator"),
	},
	{
		name: "password-wrong", site: berlin, options: nt4(),
		summary: "the account's password was changed",
		prepare: func(h *simnt.Host) {
			h.AddAccount(username, "another "+password, simnt.Account{Administrator: true})
		},
		want: shut(smbprobe.ShareLoginFailed, smbprobe.VerdictWarning, "warning account_refused"),
	},
	{
		name: "account-locked", site: hamburg, options: nt4(),
		summary: "the account is locked",
		prepare: func(h *simnt.Host) {
			h.AddAccount(username, password, simnt.Account{Administrator: true, LockedOut: true})
		},
		want: shut(smbprobe.ShareAccountRestricted, smbprobe.VerdictWarning, "warning account_refused"),
	},
	{
		name: "guest-only", site: cologne, noAccount: true,
		options: simnt.Options{ServicePack: 6, Guest: true},
		summary: "the server does not know the account, and logs it in as a guest",
		want:    shut(smbprobe.ShareGuestOnly, smbprobe.VerdictWarning, "warning guest_only"),
	},
}
