package collector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
)

// infoOf reads back from what was gathered what Metrics says beforehand. Labels
// are sorted, as gathering sorts them.
func infoOf(mf *dto.MetricFamily, own bool) MetricInfo {
	info := MetricInfo{Name: mf.GetName(), Type: strings.ToLower(mf.GetType().String()), Help: mf.GetHelp(), OwnMetric: own}
	for _, l := range mf.GetMetric()[0].GetLabel() {
		info.Labels = append(info.Labels, l.GetName())
	}
	return info
}

func TestMetricsListsWhatIsGathered(t *testing.T) {
	got := map[string]MetricInfo{}
	for _, mf := range gather(t, New(results()["healthy"])) { // which knows every value
		got[mf.GetName()] = infoOf(mf, false)
	}
	exporter := NewExporter(time.Unix(1, 0), Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }})
	exporter.SetURL("https://exporter.example")
	own, err := exporter.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, mf := range own {
		if strings.HasPrefix(mf.GetName(), "rasphone_") {
			got[mf.GetName()] = infoOf(mf, true)
		}
	}

	want := map[string]MetricInfo{}
	for _, info := range Metrics() {
		if _, twice := want[info.Name]; twice {
			t.Errorf("%s is listed twice", info.Name)
		}
		info.Labels = slices.Sorted(slices.Values(info.Labels))
		want[info.Name] = info
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listed and gathered differ (-listed +gathered):\n%s", diff)
	}
}
