package collector

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

// serverFamilies are the metrics of the server as a whole.
func serverFamilies() []family {
	return []family{
		{
			name:   "rasphone_server_info",
			help:   "Always 1; the labels are what the server says of itself, empty where it says nothing.",
			labels: []string{"os", "lan_manager", "netbios_name", "domain", "dialect"},
			values: func(r *smbprobe.Result, out *samples) {
				if s := r.Server; s != nil {
					out.add(1, s.OS, s.LANManager, s.NetBIOSName, s.Domain, s.Dialect)
				}
			},
		},
		{
			name: "rasphone_server_clock_offset_seconds",
			help: "The server's clock minus the exporter's.",
			values: func(r *smbprobe.Result, out *samples) {
				if o := r.ClockOffset; o != nil {
					out.add(o.Seconds())
				}
			},
		},
	}
}
