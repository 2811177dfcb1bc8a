package web

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// TestConclude: what is left out of a short result is concluded again, and is the same.
func TestConclude(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*smbprobe.Result)
		outlined bool
	}{
		{"as it is", func(*smbprobe.Result) {}, true},
		{"share missing", func(r *smbprobe.Result) { r.Share = smbprobe.ShareMissing }, true},
		{"phone book missing", func(r *smbprobe.Result) {
			r.Phonebook = smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing, Error: "no file"}
		}, true},
		{"login refused", func(r *smbprobe.Result) { r.Share, r.LoginRefused = smbprobe.ShareLoginFailed, true }, true},
		{"failures", func(r *smbprobe.Result) {
			r.Eventlog.LastFailures = []smbprobe.LastFailure{{Entry: "ISP", Code: "633", At: r.Started}}
		}, true},
		{"related events", func(r *smbprobe.Result) {
			r.Eventlog.LastFailures = []smbprobe.LastFailure{{Entry: "ISP", Code: "87", At: r.Started}}
			r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: r.Started, Text: "c0000005"}}
		}, false},
		{"services", func(r *smbprobe.Result) {
			r.Services = []smbprobe.ServiceResult{{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: 1067}}
		}, true},
	} {
		r := longResult("exch01", time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC))
		r.Success, r.Share, r.Causes = true, smbprobe.ShareOK, nil
		test.change(r)
		r.Causes, r.RuledOut = diagnosis.Diagnose(r)
		if len(r.Causes)+len(r.RuledOut) == 0 {
			t.Errorf("%s: nothing is concluded", test.name)
		}
		short, outlined := thin(r)
		if outlined != test.outlined {
			t.Errorf("%s: outlined %v", test.name, outlined)
		}
		if outlined && (sizeOf(short) >= sizeOf(r) || short.RuledOut != nil) {
			t.Errorf("%s: %d bytes of %d", test.name, sizeOf(short), sizeOf(r))
		}
		whole := conclude(short, outlined)
		if diff := cmp.Diff(r.Causes, whole.Causes); diff != "" {
			t.Errorf("%s: causes (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(r.RuledOut, whole.RuledOut); diff != "" {
			t.Errorf("%s: ruled out (-want +got):\n%s", test.name, diff)
		}
		if short.Verdict() != r.Verdict() || newOutcome(short) != newOutcome(r) {
			t.Errorf("%s: %s, want %s", test.name, short.Verdict(), r.Verdict())
		}
		h := newHistory(1, noHosts)
		h.add(r)
		snap, _ := h.get(flightKey{r.Target, r.Module})
		if diff := cmp.Diff(document(t, conclude(short, outlined)), document(t, snap.result)); diff != "" {
			t.Errorf("%s: of the history (-want +got):\n%s", test.name, diff)
		}
	}
	if short, outlined := thin(&smbprobe.Result{Share: smbprobe.ShareMissing}); outlined || conclude(short, outlined) != short {
		t.Error("something is concluded of a result of which nothing was")
	}
}

// document is a result as the API has it.
func document(t *testing.T, r *smbprobe.Result) string {
	t.Helper()
	b, err := json.Marshal(report.NewProbe(r))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRowsForgetResults: a row does not keep the result before the last one in memory.
func TestRowsForgetResults(t *testing.T) {
	f := newFixture(t, nil)
	f.server.fleet(pageTime())
	before := len(f.server.rows.byKey)
	f.server.rows.forget(flightKey{f.server.rows.hosts[0].Name, f.server.rows.hosts[0].Module})
	if after := len(f.server.rows.byKey); after != before-1 {
		t.Errorf("%d rows, and %d before", after, before)
	}
}
