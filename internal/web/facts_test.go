package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestWhenFull(t *testing.T) {
	tests := []struct {
		retention *smbprobe.RegistryNumber
		want      string
	}{
		{nil, "unknown"},
		{&smbprobe.RegistryNumber{}, "not set"},
		{&smbprobe.RegistryNumber{Set: true}, "overwrites the oldest events"},
		{&smbprobe.RegistryNumber{Set: true, Value: 604800}, "overwrites events older than 7d, else drops new ones"},
		{&smbprobe.RegistryNumber{Set: true, Value: 90}, "overwrites events older than 1m, else drops new ones"},
		{&smbprobe.RegistryNumber{Set: true, Value: 0xFFFFFFFF}, "drops new events: it never overwrites"},
	}
	for _, tt := range tests {
		if got := whenFull(tt.retention); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.retention, got, tt.want)
		}
	}
}

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                "0s",
		30 * time.Second:                 "30s",
		61 * time.Second:                 "1m",
		25*time.Hour + 3*time.Minute:     "1d 1h 3m",
		7 * 24 * time.Hour:               "7d",
		4294967295 * time.Millisecond:    "49d 17h 2m",
		4294967295 * time.Second:         "49710d 6h 28m",
		-5 * time.Second:                 "-5s",
		59*time.Second + time.Nanosecond: "59s",
	} {
		if got := lasted(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestShareFacts(t *testing.T) {
	const admin, drive, next = "ADMIN$, as the server lists it", "System drive's share, as the server lists it", "After the next start"
	tests := []struct {
		name   string
		result smbprobe.Result
		want   []fact
	}{
		{"nothing known", smbprobe.Result{ShareName: "ADMIN$"}, []fact{{admin, "unknown", ""}, {drive, "unknown", ""}, {next, "unknown", ""}}},
		{
			"removed by hand",
			smbprobe.Result{
				ShareName: "ADMIN$", Host: smbprobe.HostResult{AdminShare: new(false), SystemShare: new(true), SystemDrive: "D$"},
				Registry: smbprobe.RegistryResult{AutoShareServer: &smbprobe.RegistryNumber{}},
			},
			[]fact{{admin, "not there", "bad"}, {"D$, as the server lists it", "there", "good"}, {next, "there: the server makes it", "good"}},
		},
		{
			"another share",
			smbprobe.Result{ShareName: "C$", Host: smbprobe.HostResult{AdminShare: new(true)}},
			[]fact{{"C$, as the server lists it", "there", "good"}, {drive, "unknown", ""}, {next, "unknown", ""}},
		},
		{"its name not given", smbprobe.Result{}, []fact{{admin, "unknown", ""}, {drive, "unknown", ""}, {next, "unknown", ""}}},
		{
			"switched off, not gone yet",
			smbprobe.Result{
				ShareName: "ADMIN$", Host: smbprobe.HostResult{AdminShare: new(true)},
				Registry: smbprobe.RegistryResult{AutoShareServer: &smbprobe.RegistryNumber{Set: true}},
			},
			[]fact{{admin, "there", "good"}, {drive, "unknown", ""}, {next, "not there: the registry keeps the server from making it", "bad"}},
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, shareFacts(&tt.result)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestHostFacts(t *testing.T) {
	tests := []struct {
		name   string
		result smbprobe.Result
		want   []fact
	}{
		{"nothing known", smbprobe.Result{}, []fact{
			{"Version", "unknown", ""}, {"Service pack", "unknown", ""}, {"Kind", "unknown", ""}, {"Started", "unknown", ""}, {"RPC over pipes", "unknown", ""},
		}},
		{
			"a domain controller whose pipes are dead",
			smbprobe.Result{
				RPC: smbprobe.RPCDead, Registry: smbprobe.RegistryResult{ServicePack: &smbprobe.RegistryText{}},
				Host: smbprobe.HostResult{Known: true, Major: 5, Server: true, DomainController: true, Started: new(time.Hour)},
			},
			[]fact{
				{"Version", "5.0", ""}, {"Service pack", "not set", ""}, {"Kind", "domain controller", ""}, {"Started", "at least 1h before the probe", ""},
				{"RPC over pipes", "does not answer: services.exe is gone or hangs", "bad"},
			},
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, hostFacts(&tt.result)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRegistryView(t *testing.T) {
	refused := newRegistry(&smbprobe.RegistryResult{Readable: new(false), Error: "refused"})
	if diff := cmp.Diff(registry{State: "not readable", Level: "warning", Error: "refused"}, refused); diff != "" {
		t.Errorf("not readable (-want +got):\n%s", diff)
	}
	read := newRegistry(&smbprobe.RegistryResult{
		Readable: new(true), AutoShareWks: &smbprobe.RegistryNumber{}, IRPStackSize: &smbprobe.RegistryNumber{Set: true},
		ProductSuite:      &smbprobe.RegistryText{Set: true},
		StaleNetworkCards: []smbprobe.NetworkCard{{Key: "3", Service: "El90x1"}},
	})
	want := []fact{
		{"AutoShareServer", "unknown", ""}, {"AutoShareWks", "not set", ""}, {"IRPStackSize", "0", ""}, {"SystemRoot", "unknown", ""},
		{"ProductType", "unknown", ""}, {"ProductSuite", "empty", ""},
		{`NetworkCards\3`, "names the service El90x1, which has no key", "warning"},
	}
	if diff := cmp.Diff(want, read.Facts); diff != "" {
		t.Errorf("readable (-want +got):\n%s", diff)
	}
}

func TestService(t *testing.T) {
	tests := []struct {
		in   smbprobe.ServiceResult
		want service
	}{
		{smbprobe.ServiceResult{Name: "a", Error: "refused"}, service{"a", "unknown", "", "unknown", "refused"}},
		{smbprobe.ServiceResult{Name: "a", Installed: new(false)}, service{"a", "not installed", "", "–", ""}},
		{smbprobe.ServiceResult{Name: "a", State: smbprobe.ServiceRunning, StartMode: smbprobe.StartManual}, service{"a", "running", "good", "manual", ""}},
		{smbprobe.ServiceResult{Name: "a", State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: 1077}, service{"a", "stopped", "", "manual", "not started since the server was"}},
		{smbprobe.ServiceResult{Name: "a", State: smbprobe.ServiceStopped, StartMode: smbprobe.StartAutomatic, ExitCode: 1068}, service{"a", "stopped", "bad", "automatic", "stopped with Win32 error 1068"}},
		{smbprobe.ServiceResult{Name: "a", State: smbprobe.ServicePaused, StartMode: smbprobe.StartAutomatic, ExitCode: 1068}, service{"a", "paused", "bad", "automatic", ""}},
		{smbprobe.ServiceResult{Name: "a", State: smbprobe.ServiceStopped}, service{"a", "stopped", "", "unknown", ""}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, newService(tt.in)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.in, diff)
		}
	}
}
