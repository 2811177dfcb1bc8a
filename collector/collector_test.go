package collector

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// results are what the golden files show, by the file's name.
func results() map[string]*smbprobe.Result {
	return map[string]*smbprobe.Result{
		"healthy": {
			Target: "exch01.corp.example", Module: "default", Auth: "corp",
			Duration: 210 * time.Millisecond, Timeout: 9500 * time.Millisecond, Success: true, RoundTrips: 7,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepResolve, Duration: 10 * time.Millisecond},
				{Step: smbprobe.StepConnect, Duration: 40 * time.Millisecond},
				{Step: smbprobe.StepNegotiate, Duration: 20 * time.Millisecond},
				{Step: smbprobe.StepLogin, Duration: 80 * time.Millisecond},
				{Step: smbprobe.StepPhonebook, Duration: 60 * time.Millisecond},
			},
			Share: smbprobe.ShareOK,
			Server: &smbprobe.ServerInfo{
				OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12",
			},
			ClockOffset: new(-2500 * time.Millisecond),
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Size: new(int64(2311)),
				Modified: new(time.Date(1999, 3, 1, 8, 30, 0, 500_000_000, time.UTC)),
				Entries:  new(2), Intact: new(true),
				Links: []smbprobe.Link{
					{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM1"},
					{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM2"},
					{Entry: "Backup", Media: "rastapi", Device: "isdn", Port: "ISDN1"},
				},
				Counts: []phonebook.Count{{Check: phonebook.CheckLFOnly, Class: phonebook.ClassOddity, N: 1}},
				Dialed: []phonebook.Dialed{{Name: "ISP", Entry: "ISP", Usable: true}, {Name: "Gone", Missing: true}},
			},
			Eventlog: smbprobe.EventlogResult{
				Readable: new(true), Records: new(1207),
				Oldest: new(time.Date(1999, 2, 20, 0, 0, 0, 0, time.UTC)), Newest: new(time.Date(1999, 3, 1, 11, 58, 0, 0, time.UTC)),
				Windows: []smbprobe.WindowResult{
					{Label: "15m", Failures: new(0), Covered: true},
					{Label: "1h", Failures: new(3), Covered: true, ByError: []smbprobe.FailureCount{
						{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 2}, {Entry: "", Code: "unknown", N: 1},
					}},
					{Label: "24h", Covered: false},
				},
				LastFailures: []smbprobe.LastFailure{{Entry: "ISP", Code: "633", At: time.Date(1999, 3, 1, 11, 20, 0, 0, time.UTC)}},
				Forgotten:    true,
			},
		},
		"eventlog_not_readable": {
			Share: smbprobe.ShareOK, Success: true,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
			Eventlog:  smbprobe.EventlogResult{Readable: new(false), Status: smb.StatusObjectNameNotFound, Error: "no such pipe"},
		},
		"damaged": {
			Duration: 1200 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 9,
			Steps: []smbprobe.StepResult{{Step: smbprobe.StepPhonebook, Duration: 1100 * time.Millisecond}},
			Share: smbprobe.ShareOK,
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookDamaged, Size: new(int64(512)), Entries: new(0), Intact: new(false),
				Counts: []phonebook.Count{{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile, N: 512}},
			},
		},
		"share_missing": {
			Duration: 90 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 4,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepConnect, Duration: 40 * time.Millisecond},
				{Step: smbprobe.StepLogin, Duration: 50 * time.Millisecond, Error: "share name unknown"},
			},
			Share: smbprobe.ShareMissing, ShareStatus: smb.StatusBadNetworkName,
			Server:    &smbprobe.ServerInfo{OS: "Windows NT 4.0", Dialect: "NT LM 0.12"},
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
		"held_back": {
			Duration: time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 0,
			Steps: []smbprobe.StepResult{{Step: smbprobe.StepResolve, Duration: time.Millisecond}},
			Share: smbprobe.ShareLoginFailed, LoginHeldBack: true,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
		"file_missing": {
			Duration: 200 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 6,
			Steps:     []smbprobe.StepResult{{Step: smbprobe.StepPhonebook, Duration: 150 * time.Millisecond, Error: "no such file"}},
			Share:     smbprobe.ShareOK,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing, Status: smb.StatusObjectNameNotFound},
		},
		"step_begun_twice": {
			Duration: 300 * time.Millisecond, Timeout: 10 * time.Second, RoundTrips: 3,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepConnect, Duration: 125 * time.Millisecond, Error: "refused"},
				{Step: smbprobe.StepNegotiate, Duration: 50 * time.Millisecond},
				{Step: smbprobe.StepConnect, Duration: 125 * time.Millisecond},
			},
			Share:     smbprobe.ShareConnectionLost,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
		"nothing_known": {},
		"state_of_no_list": {
			Share:     "made_up",
			Phonebook: smbprobe.PhonebookResult{State: "made_up"},
		},
		"hostile_texts": {
			Duration: time.Second, Timeout: 10 * time.Second, Success: true, RoundTrips: 6,
			Steps: []smbprobe.StepResult{{Step: "con\nnect", Duration: time.Second}},
			Share: smbprobe.ShareOK,
			Server: &smbprobe.ServerInfo{
				OS:          "NT\x00\x1b[31m\r\nprobe_success 1",
				LANManager:  "\xff\xfe invalid \xc3\x28",
				NetBIOSName: `quote " and \ backslash`,
				Domain:      "right\u202eto-left",
				Dialect:     strings.Repeat("long", 1000),
			},
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Size: new(int64(0)),
				Modified: new(time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)),
				Links:    []smbprobe.Link{{Entry: "twice\x00"}, {Entry: "twice\x01"}, {Entry: "\xff"}},
			},
		},
	}
}

// gather collects through a registry that also checks that what is collected
// was described.
func gather(t *testing.T, c prometheus.Collector) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	list, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestExpositionOfResults(t *testing.T) {
	for name, result := range results() {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			for _, mf := range gather(t, New(result)) {
				if _, err := expfmt.MetricFamilyToText(&got, mf); err != nil {
					t.Fatal(err)
				}
			}
			golden := filepath.Join("testdata", name+".prom")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestExactlyOneStateHolds(t *testing.T) {
	all := map[string]int{
		"rasphone_admin_share_state": len(smbprobe.ShareStates()),
		"rasphone_phonebook_state":   len(smbprobe.PhonebookStates()),
	}
	cases := results()
	for _, s := range smbprobe.ShareStates() {
		cases["share "+string(s)] = &smbprobe.Result{Share: s}
	}
	for _, s := range smbprobe.PhonebookStates() {
		cases["phone book "+string(s)] = &smbprobe.Result{Phonebook: smbprobe.PhonebookResult{State: s}}
	}
	for name, result := range cases {
		t.Run(name, func(t *testing.T) {
			sets := 0
			for _, mf := range gather(t, New(result)) {
				states, isSet := all[mf.GetName()]
				if !isSet {
					continue
				}
				sets++
				held := 0.0
				for _, m := range mf.GetMetric() {
					held += m.GetGauge().GetValue()
				}
				if held != 1 || len(mf.GetMetric()) != states {
					t.Errorf("%s: %v of %d states hold, want 1 of %d", mf.GetName(), held, len(mf.GetMetric()), states)
				}
			}
			if sets != len(all) {
				t.Errorf("%d state sets, want %d", sets, len(all))
			}
		})
	}
}

func TestLint(t *testing.T) {
	for name, result := range results() {
		t.Run(name, func(t *testing.T) {
			problems, err := testutil.CollectAndLint(New(result))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				t.Errorf("%s: %s", p.Metric, p.Text)
			}
		})
	}
}

func TestDescribeSendsEveryFamily(t *testing.T) {
	descs := make(chan *prometheus.Desc, 1000)
	New(&smbprobe.Result{}).Describe(descs)
	if got, want := len(descs), len(families()); got != want {
		t.Errorf("%d descriptions, want %d", got, want)
	}
}

func BenchmarkCollect(b *testing.B) {
	result := results()["healthy"]
	for b.Loop() {
		registry := prometheus.NewRegistry()
		registry.MustRegister(New(result))
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
