package fleet

import (
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// accountKinds are servers that the exporter's account is not good enough for.
func accountKinds() []kind {
	const warning = smbprobe.VerdictWarning
	return []kind{
		{
			name: "no-admin", site: munich, options: nt4(),
			summary: "the account is no administrator",
			prepare: func(h *simnt.Host) { h.AddAccount(username, password, simnt.Account{}) },
			want:    shut(smbprobe.ShareAccessDenied, warning, "warning account_not_administrator"),
		},
		{
			name: "password-wrong", site: berlin, options: nt4(),
			summary: "somebody changed the account's password",
			prepare: func(h *simnt.Host) {
				h.AddAccount(username, "another "+password, simnt.Account{Administrator: true})
			},
			want: shut(smbprobe.ShareLoginFailed, warning, "warning account_refused"),
		},
		{
			name: "account-locked", site: hamburg, options: nt4(),
			summary: "the account is locked",
			prepare: func(h *simnt.Host) {
				h.AddAccount(username, password, simnt.Account{Administrator: true, LockedOut: true})
			},
			want: shut(smbprobe.ShareAccountRestricted, warning, "warning account_refused"),
		},
		{
			name: "guest-only", site: cologne, noAccount: true,
			options: simnt.Options{ServicePack: 6, Guest: true},
			summary: "the server does not know the account, and takes it for a guest",
			want:    shut(smbprobe.ShareGuestOnly, warning, "warning guest_only"),
		},
	}
}
