package dialfailures

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// logTime is a point in time by the server's clock, in minutes before logNow.
func logTime(minutesAgo int) time.Time { return logNow().Add(-time.Duration(minutesAgo) * time.Minute) }

func logNow() time.Time { return time.Date(1999, 3, 1, 12, 0, 0, 0, time.UTC) }

func failureRecord(number uint32, at time.Time, entry, code string) Record {
	return Record{Number: number, Generated: at, ID: 4106, Source: "MSExchangeIMC", Strings: []string{entry, code}}
}

func otherRecord(number uint32, at time.Time) Record {
	return Record{Number: number, Generated: at, ID: 4106, Source: "CpqNF31", Strings: []string{"link restored"}}
}

func testModule() smbprobe.EventLogModule {
	return smbprobe.EventLogModule{Log: "Application", Source: "msexchangeimc", EventID: 4106, Windows: []smbprobe.Window{
		{Label: "15m", Duration: 15 * time.Minute}, {Label: "1h", Duration: time.Hour}, {Label: "24h", Duration: 24 * time.Hour},
	}}
}

// readRecords lets a reader take records, the newest last as a log holds them.
func readRecords(memory *Memory, records []Record) (*Memory, int) {
	l := NewReader(testModule(), memory.Clone(), logNow(), logNow())
	reached := true
	for i := len(records) - 1; i >= 0; i-- {
		if !l.Add(records[i]) {
			reached = i == 0
			break
		}
	}
	return l.Merge(reached), l.read
}

// failuresIn counts in the windows 15m, 1h and 24h.
func failuresIn(m *Memory) [3]int {
	var n [3]int
	for i, w := range m.Summarize(testModule().Windows, logNow(), nil).Windows {
		n[i] = *w.Failures
	}
	return n
}

func TestLogBetweenProbes(t *testing.T) {
	first := []Record{
		otherRecord(1, logTime(3000)),
		failureRecord(2, logTime(700), "ISP", "633"),
		failureRecord(3, logTime(40), "ISP", "5"),
		otherRecord(4, logTime(30)),
		failureRecord(5, logTime(10), "ISP", "5"),
	}
	for _, test := range []struct {
		name   string
		second []Record
		want   [3]int
		read   int // records that the second probe takes
	}{
		{"unchanged", first, [3]int{1, 2, 3}, 0},
		{"one more", append(first[:5:5], failureRecord(6, logTime(1), "ISP", "5")), [3]int{2, 3, 4}, 1},
		{"cleared and empty", nil, [3]int{}, 0},
		{"cleared, fewer records", []Record{failureRecord(1, logTime(2), "ISP", "5")}, [3]int{1, 1, 1}, 1},
		{"cleared, as many records", []Record{
			otherRecord(1, logTime(9)), otherRecord(2, logTime(8)), otherRecord(3, logTime(7)), otherRecord(4, logTime(6)), failureRecord(5, logTime(5), "ISP", "5"),
		}, [3]int{1, 1, 1}, 5},
		{"cleared, more records", []Record{
			otherRecord(1, logTime(9)), otherRecord(2, logTime(8)), otherRecord(3, logTime(7)), otherRecord(4, logTime(6)), otherRecord(5, logTime(5)),
			failureRecord(6, logTime(4), "ISP", "5"), failureRecord(7, logTime(3), "ISP", "5"),
		}, [3]int{2, 2, 2}, 7},
		{"overwritten past what is remembered", []Record{failureRecord(90, logTime(3), "ISP", "5"), otherRecord(91, logTime(2))}, [3]int{1, 1, 1}, 2},
		{"overwritten up to what is remembered", []Record{first[4], failureRecord(6, logTime(3), "ISP", "5")}, [3]int{2, 3, 4}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory, read := readRecords(nil, first)
			if diff := cmp.Diff([3]int{1, 2, 3}, failuresIn(memory)); diff != "" || read != 5 {
				t.Fatal(diff, read)
			}
			memory, read = readRecords(memory, test.second)
			if diff := cmp.Diff(test.want, failuresIn(memory)); diff != "" || read != test.read {
				t.Errorf("%s, %d records read, expected %d", diff, read, test.read)
			}
		})
	}
}

// TestClockThatWasSet: a few records with a wrong time neither hide what is older nor count.
func TestClockThatWasSet(t *testing.T) {
	var records []Record
	number := uint32(0)
	add := func(r Record) {
		number++
		r.Number = number
		records = append(records, r)
	}
	add(failureRecord(0, logTime(50), "ISP", "5"))
	for range 40 {
		add(otherRecord(0, logTime(100_000))) // the battery was empty
	}
	add(failureRecord(0, logTime(-180), "ISP", "5")) // three hours ahead
	add(failureRecord(0, logTime(5), "ISP", "5"))
	memory, _ := readRecords(nil, records)
	if diff := cmp.Diff([3]int{1, 2, 2}, failuresIn(memory)); diff != "" {
		t.Error(diff)
	}
	if last := memory.Summarize(testModule().Windows, logNow(), nil).LastFailures; len(last) != 1 || !last[0].At.Equal(logTime(5)) {
		t.Errorf("%+v", last)
	}
}

// TestClockThatWasWrong in one probe: the next one counts everything again.
func TestClockThatWasWrong(t *testing.T) {
	records := []Record{failureRecord(1, logTime(700), "ISP", "633"), failureRecord(2, logTime(40), "ISP", "5")}
	for i := range 60 {
		records = append(records, otherRecord(uint32(3+i), logTime(30)))
	}
	for name, before := range map[string]bool{"first probe": false, "later probe": true} {
		memory := new(Memory)
		if before {
			memory, _ = readRecords(memory, records)
		}
		wrong := NewReader(testModule(), memory.Clone(), logNow().Add(30*24*time.Hour), logNow())
		for i := len(records) - 1; i >= 0 && wrong.Add(records[i]); i-- {
		}
		m := wrong.Merge(false)
		if n := m.Summarize(testModule().Windows, logNow().Add(30*24*time.Hour), nil); *n.Windows[2].Failures != 0 || len(n.LastFailures) != 0 || len(n.Latest) != 0 {
			t.Errorf("%s: by the wrong clock %+v", name, n)
		}
		m, _ = readRecords(m, records)
		if diff := cmp.Diff([3]int{0, 1, 2}, failuresIn(m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadingEndsBehindTheLargestWindow(t *testing.T) {
	var records []Record
	for i := range 5000 {
		records = append(records, otherRecord(uint32(i+1), logTime(5000-i)))
	}
	if _, read := readRecords(nil, records); read != 1440+maxConsecutiveOld {
		t.Errorf("%d records read", read)
	}
}

func TestWindowsCovered(t *testing.T) {
	for _, test := range []struct {
		name   string
		memory Memory
		want   []bool
	}{
		{"empty", Memory{}, []bool{false, false, false}},
		{"since 30 minutes", Memory{Newest: 9, Oldest: 1, OldestAt: logTime(30)}, []bool{true, false, false}},
		{"from the start of the hour on", Memory{Newest: 9, Oldest: 1, OldestAt: logTime(60)}, []bool{true, true, false}},
		{"since days", Memory{Newest: 9, Oldest: 5, OldestAt: logTime(5000)}, []bool{true, true, true}},
		{"in the future", Memory{Newest: 9, Oldest: 9, OldestAt: logTime(-5)}, []bool{false, false, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []bool
			for _, w := range test.memory.Summarize(testModule().Windows, logNow(), nil).Windows {
				got = append(got, w.Covered)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitByError(t *testing.T) {
	var records []Record
	add := func(n int, entry, code string) {
		for range n {
			records = append(records, failureRecord(uint32(len(records)+1), logTime(5), entry, code))
		}
	}
	add(3, "ISP", "633")
	add(2, "ISP", "rubbish")
	for i := range 150 {
		add(1, fmt.Sprintf("entry %03d", i), "5")
	}
	memory, _ := readRecords(nil, records)
	w := memory.Summarize(testModule().Windows, logNow(), nil).Windows[0]
	sum := 0
	for _, c := range w.ByError {
		sum += c.N
	}
	if *w.Failures != 155 || sum != 155 || len(w.ByError) != maxErrorRows+1 {
		t.Fatalf("%d failures, %d in %d rows", *w.Failures, sum, len(w.ByError))
	}
	rows := make(map[smbprobe.FailureCount]bool)
	for _, c := range w.ByError {
		rows[c] = true
	}
	for _, want := range []smbprobe.FailureCount{{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 3}, {Entry: smbprobe.Other, Code: smbprobe.Other, N: 132}} {
		if !rows[want] {
			t.Errorf("no %+v in %+v", want, w.ByError)
		}
	}
	if last := memory.Summarize(testModule().Windows, logNow(), nil).LastFailures; len(last) != maxErrorRows+1 {
		t.Errorf("%d last failures", len(last))
	}
}

// TestMemoryIsBounded: a flood of failures makes the large windows unknown, and
// leaves the small ones right.
func TestLogMemoryIsBounded(t *testing.T) {
	var records []Record
	const perMinute = 20
	for minute := 1400; minute > 0; minute-- {
		for range perMinute {
			records = append(records, failureRecord(uint32(len(records)+1), logTime(minute), fmt.Sprint("entry ", len(records)), "5"))
		}
	}
	memory, _ := readRecords(nil, records)
	if len(memory.failures) != maxEvents || len(memory.texts) > maxTexts {
		t.Fatalf("%d failures, %d pairs", len(memory.failures), len(memory.texts))
	}
	windows := memory.Summarize(testModule().Windows, logNow(), nil).Windows
	if *windows[0].Failures != 15*perMinute || *windows[1].Failures != 60*perMinute || windows[2].Failures != nil {
		t.Errorf("%+v", windows)
	}
}

func TestSourceAndIDBothCount(t *testing.T) {
	match := failureRecord(1, logTime(1), "ISP", "5")
	for i, change := range []func(*Record){
		func(r *Record) { r.Source = "CpqNF31" },
		func(r *Record) { r.ID = 4105 },
		func(r *Record) { r.Source = "MSExchangeIMC2" },
	} {
		r := match
		change(&r)
		memory, _ := readRecords(nil, []Record{r})
		if len(memory.failures) != 0 {
			t.Errorf("change %d counts", i)
		}
	}
	match.Source = "MSEXCHANGEIMC"
	if memory, _ := readRecords(nil, []Record{match}); len(memory.failures) != 1 {
		t.Error("case of the source matters")
	}
}

// TestUnreadableRecords: a record that cannot be decoded does not hide the others, and
// makes unknown the windows that it may lie in, if it may have been a failure.
func TestUnreadableRecords(t *testing.T) {
	damaged := func(mayBeFailure bool) Record {
		return Record{Number: 2, Generated: logTime(100_000), Unreadable: true, MayBeFailure: mayBeFailure}
	}
	const unknown = -1
	for _, test := range []struct {
		name    string
		damaged Record
		want    [3]int // in 15m, 1h and 24h
	}{
		{"may be a failure", damaged(true), [3]int{1, unknown, unknown}},
		{"another event", damaged(false), [3]int{1, 1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			records := []Record{
				failureRecord(1, logTime(90), "ISP", "5"), test.damaged, otherRecord(3, logTime(30)), failureRecord(4, logTime(5), "ISP", "5"),
			}
			memory, _ := readRecords(nil, records)
			memory, _ = readRecords(memory, append(records, otherRecord(5, logTime(1))))
			if memory.Unreadable() != 1 {
				t.Errorf("%d unreadable records, want 1", memory.Unreadable())
			}
			var got [3]int
			for i, w := range memory.Summarize(testModule().Windows, logNow(), nil).Windows {
				got[i] = unknown
				if w.Failures != nil {
					got[i] = *w.Failures
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}
