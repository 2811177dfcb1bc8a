package prober_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// withEventlog is the line of a module that reads the event log with the default settings.
const withEventlog = "eventlog: {enabled: true}"

// logServers are the servers whose event log is read. The second one also speaks the dialect
// of impacket's client, and SMB 3.1.1 with the product.
func logServers() map[string]smbtest.SambaOptions {
	return map[string]smbtest.SambaOptions{
		"SMB1": {MinProtocol: "NT1"},
		"SMB3": {MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"},
	}
}

// onLogServers runs a test with each of them.
func onLogServers(t *testing.T, test func(*testing.T, *smbtest.Samba)) {
	t.Helper()
	for name, o := range logServers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, smbtest.StartSamba(t, o))
		})
	}
}

// boundaryGap is the time around the start of every window in which no event is, so that it
// does not matter when exactly the log is read.
const boundaryGap = 5 * time.Minute

func windowsOfTests() []smbprobe.Window {
	return []smbprobe.Window{{Label: "15m", Duration: 15 * time.Minute}, {Label: "1h", Duration: time.Hour}, {Label: "24h", Duration: 24 * time.Hour}}
}

// kinds are the kinds of events of a test: failures to dial with different severities and
// spellings, and events that must not be counted as failures.
func kinds() []smbtest.Event {
	return []smbtest.Event{
		{ID: 0x4000100A, Source: "CpqNF31", Strings: []string{"1", "5"}},
		{ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}},
		{ID: 0x8000100A, Source: "msexchangeimc", Strings: []string{"ISP", "5"}},
		{ID: 0xC0000FC5, Source: "MSExchangeIMC", Strings: []string{"87"}},
		{ID: 0x4000100A, Source: "MSEXCHANGEIMC", Strings: []string{"Backup line", "676"}},
		{ID: 0xC000100A, Source: "MSExchangeIMC2", Strings: []string{"ISP", "633"}},
		{ID: 0x100A, Source: "MSExchangeIMC"},
		{ID: 0xC000100B, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}},
		{ID: 0x80001775, Source: "EventLog"},
		{ID: 0x4000100A, Source: "MSExchangeIM", Strings: []string{"ISP", "633"}},
	}
}

// mixedEvents returns n events of the last 48 hours, the oldest first, and more of the newer
// ones. Every stride-th is the next of kinds, the others are of the first kind.
func mixedEvents(n, stride int) []smbtest.Event {
	now := time.Now().Truncate(time.Second)
	events := make([]smbtest.Event, n)
	for i := range events {
		kind := 0
		if i%stride == 0 {
			kind = i / stride % len(kinds())
		}
		events[i] = kinds()[kind]
		part := float64(n-1-i) / float64(n)
		age := time.Minute + time.Duration(float64(48*time.Hour)*math.Pow(part, 3)).Truncate(time.Second)
		for _, w := range windowsOfTests() {
			if (age - w.Duration).Abs() < boundaryGap {
				age = w.Duration + boundaryGap
			}
		}
		events[i].At = now.Add(-age)
	}
	return events
}

// failuresAgo returns failures to dial of this age, all of entry ISP with code 633.
func failuresAgo(age time.Duration, n int) []smbtest.Event {
	events := make([]smbtest.Event, n)
	for i := range events {
		events[i] = smbtest.Event{At: time.Now().Add(-age), ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}}
	}
	return events
}

// expectedLog is the result of a probe that could read a log, by the records that an
// independent client reads.
func expectedLog(log smbtest.LogContent, now time.Time) smbprobe.EventlogResult {
	yes, records := true, log.Count
	e := smbprobe.EventlogResult{Readable: &yes, Records: &records}
	if records > 0 {
		oldest, newest := logTime(log.Records[0]), logTime(log.Records[records-1])
		e.Oldest, e.Newest = &oldest, &newest
	}
	for _, w := range windowsOfTests() {
		start := now.Add(-w.Duration)
		e.Windows = append(e.Windows, countLog(log, w.Label, start, now))
	}
	last := map[[2]string]time.Time{}
	for _, r := range failuresSince(log, now.Add(-24*time.Hour), now) {
		if at := logTime(r); at.After(last[pairOf(r)]) {
			last[pairOf(r)] = at
		}
	}
	e.RelatedEvents = relatedSince(log, now.Add(-24*time.Hour), now)
	for pair, at := range last {
		e.LastFailures = append(e.LastFailures, smbprobe.LastFailure{Entry: pair[0], Code: pair[1], At: at})
	}
	return e
}

// relatedSince returns the events that explain failures, the newest first, as many as are
// remembered.
func relatedSince(log smbtest.LogContent, start, end time.Time) []smbprobe.RelatedEvent {
	const most = 256
	var related []smbprobe.RelatedEvent
	for _, r := range slices.Backward(log.Records) {
		at := logTime(r)
		if strings.ToUpper(r.Source) == "MSEXCHANGEIMC" && r.ID%65536 == 4037 && !at.Before(start) && !at.After(end) && len(related) < most {
			related = append(related, smbprobe.RelatedEvent{At: at, Text: strings.Join(r.Strings, " ")})
		}
	}
	return related
}

func logTime(r smbtest.LogRecord) time.Time { return time.Unix(r.At, 0).UTC() }

// failuresSince returns the failures to dial of a span of time.
func failuresSince(log smbtest.LogContent, start, end time.Time) []smbtest.LogRecord {
	var failures []smbtest.LogRecord
	for _, r := range log.Records {
		at := logTime(r)
		if strings.ToUpper(r.Source) == "MSEXCHANGEIMC" && r.ID%65536 == 4106 && !at.Before(start) && !at.After(end) {
			failures = append(failures, r)
		}
	}
	return failures
}

// pairOf returns the entry and the code of a failure of kinds.
func pairOf(r smbtest.LogRecord) [2]string {
	if len(r.Strings) == 0 {
		return [2]string{"", "unknown"}
	}
	return [2]string{r.Strings[0], r.Strings[1]}
}

func countLog(log smbtest.LogContent, label string, start, end time.Time) smbprobe.WindowResult {
	failures := failuresSince(log, start, end)
	n := len(failures)
	w := smbprobe.WindowResult{Label: label, Duration: end.Sub(start), Failures: &n, Covered: log.Count > 0 && !logTime(log.Records[0]).After(start)}
	names := map[string]string{"5": "ERROR_ACCESS_DENIED", "633": "ERROR_PORT_NOT_AVAILABLE", "676": "ERROR_LINE_BUSY"}
	counts := map[[2]string]int{}
	for _, r := range failures {
		counts[pairOf(r)]++
	}
	for pair, n := range counts {
		w.ByError = append(w.ByError, smbprobe.FailureCount{Entry: pair[0], Code: pair[1], Error: names[pair[1]], N: n})
	}
	return w
}

// inOrder sorts the lists that have no order, or one by the number of events.
func inOrder(e smbprobe.EventlogResult) smbprobe.EventlogResult {
	e.LastFailures = slices.SortedFunc(slices.Values(e.LastFailures), func(a, b smbprobe.LastFailure) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Code, b.Code))
	})
	e.Windows = slices.Clone(e.Windows)
	for i := range e.Windows {
		e.Windows[i].ByError = slices.SortedFunc(slices.Values(e.Windows[i].ByError), func(a, b smbprobe.FailureCount) int {
			return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Code, b.Code))
		})
	}
	return e
}

// wantLog compares a probe with what impacket reads of the log, and returns that.
func wantLog(t *testing.T, what string, r *smbprobe.Result, samba *smbtest.Samba) smbtest.LogContent {
	t.Helper()
	log := samba.ReadLog()
	if diff := gocmp.Diff(inOrder(expectedLog(log, time.Now())), inOrder(r.Eventlog), ignoreCalls); diff != "" {
		t.Errorf("%s: event log (-impacket +probe):\n%s", what, diff)
	}
	return log
}

// wantFailures compares the counts of the windows 15m, 1h and 24h with numbers.
func wantFailures(t *testing.T, what string, want [3]int, r *smbprobe.Result) {
	t.Helper()
	var got [3]int
	if len(r.Eventlog.Windows) != len(got) {
		t.Fatalf("%s: %d windows, want %d: %s", what, len(r.Eventlog.Windows), len(got), r.Eventlog.Error)
	}
	for i, w := range r.Eventlog.Windows {
		if w.Failures == nil {
			t.Fatalf("%s: window %s is not known", what, w.Label)
		}
		got[i] = *w.Failures
	}
	if got != want {
		t.Errorf("%s: %d failures in 15m, 1h, 24h, want %d", what, got, want)
	}
}

// TestEventlogCounts: the counts are right for logs of any length, and the second probe of an
// unchanged log sends the same number of requests whatever its length.
func TestEventlogCounts(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetLogSize(64 << 20)
		requests := map[int]int{}
		for _, n := range []int{10, 100, 1000} {
			samba.ClearLog()
			requests[n] = countTwice(t, samba, n, 1)
		}
		if requests[10] != requests[100] || requests[10] != requests[1000] {
			t.Errorf("requests of the second probe by the log's length: %v, want the same for all", requests)
		}
	})
}

// countTwice writes a log, and checks two probes of it. It returns how many requests
// the second one sent.
func countTwice(t *testing.T, samba *smbtest.Samba, n, stride int) int {
	t.Helper()
	samba.WriteEvents(mixedEvents(n, stride)...)
	var requests requestCounter
	p, target := newProber(t, prober.Options{Dial: requests.dial}), direct(samba.Addr(), withEventlog).target(t)
	first := probe(t, p, target)
	requests.sentSince()
	second := probe(t, p, target)
	sent := requests.sentSince()
	log := wantLog(t, fmt.Sprint(n, " records, first probe"), first, samba)
	wantLog(t, fmt.Sprint(n, " records, second probe"), second, samba)
	wantOutcome(t, fmt.Sprint(n, " records"), allWell(), second)
	// Both clients might agree on an empty log, which would prove nothing.
	failures := len(failuresSince(log, time.Now().Add(-24*time.Hour), time.Now()))
	if log.Count != n || failures < n/10/stride {
		t.Errorf("impacket reads %d records and %d failures in 24 hours, want %d and at least %d", log.Count, failures, n, n/10/stride)
	}
	return sent
}

// ignoreCalls: single failures and the history of calls are tested in package dialfailures.
var ignoreCalls = cmpopts.IgnoreFields(smbprobe.EventlogResult{}, "Calls", "Latest", "ByHour")
