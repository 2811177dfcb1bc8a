package collector

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// valuesOf gathers the values of one family, by their labels in their order.
func valuesOf(name string, r *smbprobe.Result) map[string]float64 {
	values := map[string]float64{}
	for _, f := range families {
		if f.name == name {
			s := samples{order: identity(len(f.labels))}
			f.values(r, &s)
			for _, v := range s.all {
				values[fmt.Sprint(s.labelsOf(v))] = v.value
			}
		}
	}
	return values
}

func TestRegistryNumbers(t *testing.T) {
	tests := []struct {
		name         string
		number       *smbprobe.RegistryNumber
		retention    map[string]float64
		maxSizeBytes map[string]float64
	}{
		{"not known", nil, map[string]float64{}, map[string]float64{}},
		{"not set", &smbprobe.RegistryNumber{}, map[string]float64{}, map[string]float64{}},
		{"zero", &smbprobe.RegistryNumber{Set: true}, map[string]float64{"[]": 0}, map[string]float64{"[]": 0}},
		{"a week", &smbprobe.RegistryNumber{Set: true, Value: 604800}, map[string]float64{"[]": 604800}, map[string]float64{"[]": 604800}},
		{"next to never", &smbprobe.RegistryNumber{Set: true, Value: 0xFFFFFFFE}, map[string]float64{"[]": 4294967294}, map[string]float64{"[]": 4294967294}},
		{"never", &smbprobe.RegistryNumber{Set: true, Value: 0xFFFFFFFF}, map[string]float64{"[]": math.Inf(1)}, map[string]float64{"[]": 4294967295}},
	}
	for _, tt := range tests {
		r := &smbprobe.Result{Registry: smbprobe.RegistryResult{LogMaxSize: tt.number, LogRetention: tt.number}}
		if diff := cmp.Diff(tt.retention, valuesOf("rasphone_eventlog_retention_seconds", r)); diff != "" {
			t.Errorf("%s: retention (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.maxSizeBytes, valuesOf("rasphone_eventlog_max_size_bytes", r)); diff != "" {
			t.Errorf("%s: maximum size (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestAdminShareAutomatic(t *testing.T) {
	zero, unset := &smbprobe.RegistryNumber{Set: true}, &smbprobe.RegistryNumber{}
	tests := []struct {
		name     string
		share    string
		registry smbprobe.RegistryResult
		want     map[string]float64
	}{
		{"nothing known", "ADMIN$", smbprobe.RegistryResult{}, map[string]float64{}},
		{"no such value", "ADMIN$", smbprobe.RegistryResult{AutoShareServer: unset}, map[string]float64{"[]": 1}},
		{"zero", "ADMIN$", smbprobe.RegistryResult{AutoShareServer: zero}, map[string]float64{"[]": 0}},
		{"the workstations' value on a server", "ADMIN$", smbprobe.RegistryResult{AutoShareServer: unset, AutoShareWks: zero}, map[string]float64{"[]": 1}},
		{"another share", "data", smbprobe.RegistryResult{AutoShareServer: zero}, map[string]float64{}},
	}
	for _, tt := range tests {
		got := valuesOf("rasphone_admin_share_automatic", &smbprobe.Result{ShareName: tt.share, Registry: tt.registry})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestServices(t *testing.T) {
	r := &smbprobe.Result{Services: []smbprobe.ServiceResult{
		{Name: "on its way", Installed: new(true), State: smbprobe.ServiceStartPending, StartMode: smbprobe.StartAutomatic},
		{Name: "installed is not known", State: smbprobe.ServiceRunning},
		{Name: "gone since", Installed: new(false), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartManual},
		{Name: "nothing known"},
	}}
	if diff := cmp.Diff(map[string]float64{"[on its way]": 0, "[installed is not known]": 1}, valuesOf("rasphone_service_running", r)); diff != "" {
		t.Errorf("running (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"[on its way automatic]": 1}, valuesOf("rasphone_service_info", r)); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
}
