package web

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func noHosts() []config.Host { return nil }

func TestHistorySince(t *testing.T) {
	h := newHistory(DefaultHistorySize, noHosts)
	at := func(minute int) time.Time { return time.Date(2001, 2, 3, 4, minute, 0, 0, time.UTC) }
	steps := []struct {
		share     smbprobe.ShareState
		book      smbprobe.PhonebookState
		cause     smbprobe.Severity
		wantSince int
	}{
		{smbprobe.ShareOK, smbprobe.PhonebookOK, "", 0},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityInfo, 0},
		{smbprobe.ShareOK, smbprobe.PhonebookMissing, smbprobe.SeverityWarning, 2},
		{smbprobe.ShareMissing, smbprobe.PhonebookUnknown, smbprobe.SeverityCritical, 3},
		{smbprobe.ShareMissing, smbprobe.PhonebookUnknown, smbprobe.SeverityCritical, 3},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, "", 5},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityCritical, 6},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityCritical, 6},
	}
	for i, s := range steps {
		r := &smbprobe.Result{Target: "a", Started: at(i), Success: true, Share: s.share, Phonebook: smbprobe.PhonebookResult{State: s.book}}
		if s.cause != "" {
			r.Causes = []smbprobe.Cause{{Severity: s.cause}}
		}
		h.add(r)
		got := h.all()[flightKey{"a", ""}]
		if got.result != r || !got.since.Equal(at(s.wantSince)) {
			t.Errorf("step %d: since %s, want %s, result %+v", i, got.since, at(s.wantSince), got.result)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	listed := []config.Host{{Name: "first", Module: "default"}, {Name: "second", Module: "default"}}
	h := newHistory(DefaultHistorySize, func() []config.Host { return listed })
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	add := func(name string, after int) {
		h.add(&smbprobe.Result{Target: name, Module: "default", Started: begin.Add(time.Duration(after) * time.Second)})
	}
	add("first", 0)
	add("second", 0)
	const n = 5 * maxOthers
	for i := range n {
		add(fmt.Sprint(i), i)
		if got := len(h.records); got > maxOthers+len(listed) {
			t.Fatalf("%d results remembered after %d, want %d and %d listed at most", got, i, maxOthers, len(listed))
		}
	}
	for _, name := range []string{"first", "second", fmt.Sprint(n - 1), fmt.Sprint(n - maxOthers*9/10)} {
		if h.records[flightKey{name, "default"}] == nil {
			t.Errorf("%s is forgotten", name)
		}
	}
	if h.records[flightKey{"0", "default"}] != nil {
		t.Error("the oldest is not forgotten")
	}

	listed = nil // as after a reload
	for i := range n {
		add(fmt.Sprint(i), n+i)
	}
	if len(h.records) > maxOthers || h.records[flightKey{"first", "default"}] != nil {
		t.Errorf("%d results remembered, want %d at most and none of a host that is not listed any more", len(h.records), maxOthers)
	}
	checkSize(t, h)
}

// checkSize checks that the counted size is that of what there is.
func checkSize(t *testing.T, h *history) {
	t.Helper()
	want := 0
	for _, r := range h.records {
		want += recordSize + sizeOf(r.result)
		for _, k := range r.kept {
			want += keptSize + len(k.packed)
			if k.result != nil {
				want += sizeOf(k.result)
			}
		}
	}
	if h.size != want {
		t.Errorf("%d bytes are counted, and there are %d", h.size, want)
	}
}

// packAll packs all results that are kept.
func packAll(h *history) {
	for _, r := range h.records {
		for _, k := range r.kept {
			h.pack(k)
		}
	}
}

// TestWhatIsKept: 120 outcomes of 16 bytes, the results of the last five changes and of the last
// ten failures.
func TestWhatIsKept(t *testing.T) {
	if n := unsafe.Sizeof(outcome{}); n != 16 {
		t.Errorf("an outcome takes %d bytes, want 16", n)
	}
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	// The verdict of each probe: "o", "w", "u", "c".
	for _, tt := range []struct {
		name         string
		probes       string
		wantKept     string // of the ones before the last
		wantOutcomes int
	}{
		{"one", "c", "", 1},
		{"sound all the time", strings.Repeat("o", 300), "", 120},
		{"a flap", "ooocoooo", "co", 8},
		{"flaps", strings.Repeat("oc", 100), "ccccccccococo", 120},
		{"broken all the time", strings.Repeat("c", 50), strings.Repeat("c", 10), 50},
		{"failures stay when the changes end", "cocococ" + strings.Repeat("o", 200), "ccococo", 120},
		{"warnings and unknown are failures", "owwuuo", "wwuu", 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory(DefaultHistorySize, noHosts)
			verdicts := map[rune]smbprobe.Verdict{'o': smbprobe.VerdictOK, 'w': smbprobe.VerdictWarning, 'u': smbprobe.VerdictUnknown, 'c': smbprobe.VerdictCritical}
			for i, v := range tt.probes {
				h.add(rowResult("a", begin.Add(time.Duration(i)*time.Minute), verdicts[v]))
			}
			checkSize(t, h)
			packAll(h)
			s, _ := h.get(flightKey{"a", "default"})
			var got strings.Builder
			for _, k := range s.kept {
				got.WriteByte("o__wuc"[k.state])
				r, err := h.find(flightKey{"a", "default"}, k.key())
				if err != nil || r == nil || !r.Started.Equal(k.startTime()) || k.result != nil || len(k.packed) == 0 {
					t.Errorf("kept result of %s: %v, %v, %d bytes packed", k.startTime(), r, err, len(k.packed))
				}
			}
			if got.String() != tt.wantKept || len(s.outcomes) != tt.wantOutcomes {
				t.Errorf("kept %q and %d outcomes, want %q and %d", got.String(), len(s.outcomes), tt.wantKept, tt.wantOutcomes)
			}
			if last := s.outcomes[len(s.outcomes)-1]; last.key() != newOutcome(s.result).key() {
				t.Errorf("the last outcome is of %s", last.startTime())
			}
			checkSize(t, h)
		})
	}
}

// TestKeptResultIsWhole: a result is the same after it was packed.
func TestKeptResultIsWhole(t *testing.T) {
	for name, r := range map[string]*smbprobe.Result{"broken": brokenEntries(), "held": heldBack(), "disabled": shareDisabled(), "hostile": hostile(), "long": longResult("a", pageTime())} {
		h := newHistory(DefaultHistorySize, noHosts)
		if r.Verdict() == smbprobe.VerdictOK {
			r.Causes = []smbprobe.Cause{{Severity: smbprobe.SeverityWarning, Remedy: []smbprobe.RemedyStep{{Registry: &smbprobe.RegistryChange{Key: "HKLM"}}}}}
		}
		h.add(r)
		next := *r
		next.Started = r.Started.Add(time.Minute)
		h.add(&next)
		packAll(h)
		got, err := h.find(flightKey{r.Target, r.Module}, newOutcome(r).key())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, asText); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// longResult is a failure with as much in it as real ones have, and more.
func longResult(target string, started time.Time) *smbprobe.Result {
	r := rowResult(target, started, smbprobe.VerdictCritical)
	for i := range 200 {
		e := smb.Event{Text: "read %d bytes at offset %d of %s", Args: []any{4096 + i*37, i * 4096, target}}
		r.Trace = append(r.Trace, smbprobe.TraceEvent{At: time.Duration(i) * 1700 * time.Microsecond, Event: e})
	}
	r.Phonebook.Text = strings.Repeat("Description="+target+"\nPhoneNumber=555-0100\n", 30)
	for i := range 50 {
		r.Eventlog.Latest = append(r.Eventlog.Latest, smbprobe.FailureEvent{At: started.Add(-time.Duration(i) * time.Minute), Entry: "ISP", Code: "5", Text: "ISP 5 access denied"})
	}
	return r
}

// TestHistorySize: the limit holds with any number of targets, and a last result is always there.
func TestHistorySize(t *testing.T) {
	const targets, limit = 20, 3 << 19
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	h := newHistory(limit, noHosts)
	for i := range 12 {
		for n := range targets {
			r := longResult(fmt.Sprintf("exch%02d", n), begin.Add(time.Duration(i)*time.Minute+time.Duration(n)))
			if i%2 == 0 {
				r.Causes = nil
			}
			h.add(r)
			if h.size > limit {
				t.Fatalf("%d bytes after probe %d of target %d", h.size, i, n)
			}
		}
	}
	checkSize(t, h)
	packed := 0
	for key, r := range h.records {
		if r.thinned || r.result.Trace == nil {
			t.Errorf("the last result of %s is not whole", key.target)
		}
		for _, k := range r.kept {
			if k.result != nil {
				t.Errorf("a result of %s is not packed, with less than half of the limit free", key.target)
			}
			packed++
		}
	}
	if packed == 0 {
		t.Error("no result is kept")
	}

	// With no room for anything else, last results are kept in short.
	h = newHistory(targets*4000, noHosts)
	for i := range 3 {
		for n := range targets {
			h.add(longResult(fmt.Sprintf("exch%02d", n), begin.Add(time.Duration(i)*time.Minute)))
		}
	}
	if len(h.records) != targets || h.size > targets*4000 {
		t.Errorf("%d records in %d bytes", len(h.records), h.size)
	}
	for key, r := range h.records {
		if r.result == nil || len(r.kept) > 0 || r.result.Causes == nil || len(r.outcomes) != 3 {
			t.Errorf("%s: %+v", key.target, r)
		}
	}
	checkSize(t, h)
}

// TestShrinkIsRare: if short results alone are more than the limit, not each probe goes through
// the records of all targets.
func TestShrinkIsRare(t *testing.T) {
	const targets = 400
	h := newHistory(targets*recordSize, noHosts)
	whole := 0
	for i := range 3 {
		for n := range targets {
			r := longResult(fmt.Sprintf("exch%03d", n), time.Date(2001, 2, 3, 4, 5+i, 6, 0, time.UTC))
			r.Trace, r.Eventlog.Latest = slices.Clone(r.Trace[:10]), nil
			h.add(r)
			if i == 2 && !h.records[flightKey{r.Target, r.Module}].thinned {
				whole++
			}
		}
	}
	if whole < targets*8/10 {
		t.Errorf("after %d of %d probes all last results were short", targets-whole, targets)
	}
	checkSize(t, h)
}

// TestFailuresAreKeptLongest: as the limit falls, changes go first, then failures, the oldest
// first.
func TestFailuresAreKeptLongest(t *testing.T) {
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	h := newHistory(DefaultHistorySize, noHosts)
	for i := range 20 {
		for n := range 5 {
			r := longResult(fmt.Sprint(n), begin.Add(time.Duration(i)*time.Minute+time.Duration(n)*time.Second))
			if i%2 == 0 {
				r.Causes = nil
			}
			h.add(r)
		}
	}
	// The kept results of all targets, failures in capitals, the oldest first.
	left := func() (failures, changes []int64) {
		for _, r := range h.records {
			for _, k := range r.kept {
				if k.failure {
					failures = append(failures, k.started)
				} else {
					changes = append(changes, k.started)
				}
			}
		}
		slices.Sort(failures)
		slices.Sort(changes)
		return failures, changes
	}
	allFailures, allChanges := left()
	if len(allFailures) != 5*9 || len(allChanges) != 5*3 {
		t.Fatalf("%d failures and %d changes", len(allFailures), len(allChanges))
	}
	for h.size > 0 {
		h.limit = h.size - 1
		h.shrink()
		failures, changes := left()
		if len(changes) > 0 && len(failures) < len(allFailures) {
			t.Fatalf("%d changes are kept, and of %d failures only %d", len(changes), len(allFailures), len(failures))
		}
		if !slices.Equal(failures, allFailures[len(allFailures)-len(failures):]) || !slices.Equal(changes, allChanges[len(allChanges)-len(changes):]) {
			t.Fatal("an older result is kept, and a newer one is not")
		}
		checkSize(t, h)
		if len(failures)+len(changes) == 0 {
			break
		}
	}
}

// TestSizeOfResults: what is counted is what the heap has, or more.
func TestSizeOfResults(t *testing.T) {
	const n = 500
	before := heapInUse()
	var all []*smbprobe.Result
	counted := 0
	for i := range n {
		all = append(all, longResult(fmt.Sprintf("exch%03d", i), pageTime()))
		counted += sizeOf(all[i])
	}
	used := int(heapInUse() - before)
	runtime.KeepAlive(all)
	if counted < used*7/10 || counted > used*15/10 {
		t.Errorf("%d bytes are counted for %d on the heap", counted, used)
	}
}

// TestStaleAfter: three times the median of the last ten gaps, at least a minute; five minutes
// before there are three probes.
func TestStaleAfter(t *testing.T) {
	for _, tt := range []struct {
		name string
		gaps []int // seconds
		want time.Duration
	}{
		{"one probe", nil, 5 * time.Minute},
		{"two probes", []int{15}, 5 * time.Minute},
		{"three probes", []int{60, 60}, 3 * time.Minute},
		{"often", []int{5, 5, 5, 5}, time.Minute},
		{"twenty seconds", []int{20, 20, 20}, time.Minute},
		{"seldom", []int{600, 600, 600}, 30 * time.Minute},
		{"a pause does not count", []int{60, 60, 36000, 60}, 3 * time.Minute},
		{"an even number", []int{60, 120}, 270 * time.Second},
		{"only the last ten", slices.Concat(slices.Repeat([]int{600}, 50), slices.Repeat([]int{60}, 10)), 3 * time.Minute},
	} {
		started := int64(0)
		outcomes := []outcome{{}}
		for _, g := range tt.gaps {
			started += int64(g) * 1000
			outcomes = append(outcomes, outcome{started: started})
		}
		if got := staleAfter(outcomes); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// asText compares the events of traces as they are shown: those of a packed result are
// formatted already.
var asText = cmp.Comparer(func(a, b smb.Event) bool { return a.String() == b.String() })
