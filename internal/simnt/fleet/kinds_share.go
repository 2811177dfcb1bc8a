package fleet

import (
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// shareKinds are servers on which something is wrong with the administrative share.
func shareKinds() []kind {
	missing := func(cause string) Expectation {
		return shut(smbprobe.ShareMissing, smbprobe.VerdictCritical, cause)
	}
	return []kind{
		{
			name: "share-disabled", site: munich, options: nt4(), diary: failing(entryName, "5"),
			summary: "no Admin$, and AutoShareServer=0 keeps it away",
			prepare: func(h *simnt.Host) {
				h.RemoveShare(adminShare)
				h.RemoveShare(systemShare)
				h.System().Registry().SetNumber(keyLanman, autoShareServer, 0)
			},
			want: missing("critical admin_share_disabled").with("rasphone_admin_share_automatic 0"),
		},
		{
			name: "share-removed", site: hamburg, options: nt4(), diary: failing(entryName, "5"),
			summary: "somebody removed Admin$ by hand",
			prepare: func(h *simnt.Host) { h.RemoveShare(adminShare) },
			want:    missing("critical admin_share_removed").with("rasphone_admin_share_automatic 1"),
		},
		{
			name: "shares-lost", site: hamburg, options: nt4Controller(), diary: failing(entryName, "5"),
			summary: "a domain controller that came up without Admin$ and C$",
			prepare: func(h *simnt.Host) {
				h.RemoveShare(adminShare)
				h.RemoveShare(systemShare)
			},
			want: missing("critical admin_share_removed"),
		},
		{
			name: "share-gone", site: cologne, options: nt4(), diary: failing(entryName, "5"),
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
			summary: "Admin$ is there, and AutoShareServer=0 takes it away at the next start",
			prepare: func(h *simnt.Host) { h.System().Registry().SetNumber(keyLanman, autoShareServer, 0) },
			want: sound(smbprobe.VerdictWarning, "warning admin_share_not_automatic").
				with("rasphone_admin_share_automatic 0"),
		},
	}
}
