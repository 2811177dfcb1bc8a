package collector

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

// serviceFamilies are the metrics of the module's services.
func serviceFamilies() []family {
	return []family{
		{
			name:   "rasphone_service_running",
			help:   "1: the service is running, 0: it is stopped, paused, or on its way; absent where it is not installed, or its state is not known.",
			labels: []string{"service"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, s := range r.Services {
					if s.State != "" && !notInstalled(s) {
						out.add(one(s.State == smbprobe.ServiceRunning), s.Name)
					}
				}
			},
		},
		{
			name: "rasphone_service_info",
			help: "Always 1; start_mode is automatic, manual, disabled, boot or system; absent where the service is not installed, " +
				"or its start mode is not known.",
			labels: []string{"service", "start_mode"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, s := range r.Services {
					if s.StartMode != "" && !notInstalled(s) {
						out.add(1, s.Name, string(s.StartMode))
					}
				}
			},
		},
	}
}

// notInstalled reports whether it is known that there is no such service.
func notInstalled(s smbprobe.ServiceResult) bool {
	return s.Installed != nil && !*s.Installed
}
