package collector

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

var update = flag.Bool("update", false, "rewrite the golden files")

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
	if got, want := len(descs), len(families); got != want {
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
