package collector

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

// shareFamilies are the metrics of the administrative share and the way to it.
func shareFamilies() []family {
	return []family{
		{
			name:   "rasphone_admin_share_reachable",
			help:   "1: the administrative share was opened with the configured account, and not as guest.",
			values: func(r *smbprobe.Result, out *samples) { out.add(one(r.Share == smbprobe.ShareOK)) },
		},
		{
			name:   "rasphone_admin_share_state",
			help:   "How far the way to the administrative share went: 1 for the state that holds, 0 for every other.",
			labels: []string{"state"},
			values: func(r *smbprobe.Result, out *samples) {
				stateSet(out, smbprobe.ShareStates(), r.Share, smbprobe.ShareNotProbed)
			},
		},
		{
			name:   "rasphone_login_held_back",
			help:   "1: no login was tried, to keep the account from being locked after refused ones.",
			values: func(r *smbprobe.Result, out *samples) { out.add(one(r.LoginHeldBack)) },
		},
	}
}
