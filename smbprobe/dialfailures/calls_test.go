package dialfailures

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// watch reads a log at each of the times that records have, and once more at the end.
func watch(t *testing.T, records []Record, now time.Time) *Memory {
	t.Helper()
	memory := new(Memory)
	read := func(upTo int, at time.Time) {
		r := NewReader(testModule(), memory.Clone(), at, at)
		reached := true
		for i := upTo; i >= 0; i-- {
			if !r.Add(records[i]) {
				reached = i == 0
				break
			}
		}
		memory = r.Merge(reached)
	}
	for i, record := range records {
		read(i, record.Generated)
	}
	read(len(records)-1, now)
	return memory
}

func callsOf(m *Memory, now time.Time) []smbprobe.CallHistory {
	return m.Summarize(testModule().Windows, now, nil).Calls
}

// failing returns a failure for each of some minutes before logNow, the oldest first.
func failing(minutesAgo ...int) []Record {
	var records []Record
	for i, minutes := range minutesAgo {
		records = append(records, failureRecord(uint32(i+1), logTime(minutes), "ISP", "5"))
	}
	return records
}

func TestCalls(t *testing.T) {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for _, test := range []struct {
		name    string
		records []Record
		want    smbprobe.CallHistory
	}{
		{"one", failing(5), smbprobe.CallHistory{Calls: 1, LastStart: logTime(5), LastEnd: logTime(5)}},
		{"attempts of one call", failing(7, 6, 5), smbprobe.CallHistory{Calls: 1, LastStart: logTime(7), LastEnd: logTime(5)}},
		{"a new call after four minutes", failing(11, 9, 7), smbprobe.CallHistory{
			Calls: 2, LastStart: logTime(7), LastEnd: logTime(7), Gaps: []time.Duration{minutes(4)}, MedianGap: minutes(4),
		}},
		{"the lower of two", failing(130, 120, 60), smbprobe.CallHistory{
			Calls: 3, LastStart: logTime(60), LastEnd: logTime(60), Gaps: []time.Duration{minutes(60), minutes(10)}, MedianGap: minutes(10),
		}},
		{"hourly for six hours", failing(365, 305, 245, 185, 125, 65, 5), smbprobe.CallHistory{
			Calls: 7, LastStart: logTime(5), LastEnd: logTime(5),
			Gaps: []time.Duration{minutes(60), minutes(60), minutes(60), minutes(60), minutes(60)}, MedianGap: minutes(60),
			UnbrokenCalls: 7, UnbrokenSince: logTime(365),
		}},
		{"a night between", failing(1300, 1240, 365, 305, 245, 185, 125, 65, 5), smbprobe.CallHistory{
			Calls: 9, LastStart: logTime(5), LastEnd: logTime(5),
			Gaps: []time.Duration{minutes(60), minutes(60), minutes(60), minutes(60), minutes(60)}, MedianGap: minutes(60),
			UnbrokenCalls: 7, UnbrokenSince: logTime(365),
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.Entry, test.want.Code = "ISP", "5"
			want := []smbprobe.CallHistory{test.want}
			if diff := cmp.Diff(want, callsOf(watch(t, test.records, logNow()), logNow())); diff != "" {
				t.Errorf("read as they came (-want +got):\n%s", diff)
			}
			memory, _ := readRecords(nil, test.records)
			if diff := cmp.Diff(want, callsOf(memory, logNow())); diff != "" {
				t.Errorf("read at once (-want +got):\n%s", diff)
			}
			memory.forget()
			memory, _ = readRecords(memory, test.records)
			if diff := cmp.Diff(want, callsOf(memory, logNow())); diff != "" {
				t.Errorf("read twice (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCallsOutliveWindows: reading stops at the largest window, and what was read counts
// for seven days, even if the log was cleared since.
func TestCallsOutliveWindows(t *testing.T) {
	const day = 24 * 60
	memory := watch(t, failing(8*day, 6*day, 2*day), logTime(2*day))
	memory, _ = readRecords(memory, nil) // cleared
	if memory.Len() != 0 {
		t.Errorf("%d failures in an empty log", memory.Len())
	}
	calls := callsOf(memory, logNow())
	if len(calls) != 1 || calls[0].Calls != 2 || !calls[0].LastStart.Equal(logTime(2*day)) {
		t.Errorf("%+v", calls)
	}
}

// TestCallsMoveWithTheClock: an hour that the server's clock jumps is not a gap.
func TestCallsMoveWithTheClock(t *testing.T) {
	local := time.Now()
	memory := new(Memory)
	r := NewReader(testModule(), memory, logTime(10), local)
	r.Add(failureRecord(1, logTime(10), "ISP", "5"))
	memory = r.Merge(true)
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 10 * time.Second} {
		set := NewReader(testModule(), memory.Clone(), logNow().Add(jump), local.Add(10*time.Minute)).Merge(false)
		want := logTime(10)
		if jump.Abs() >= minClockJump {
			want = want.Add(jump)
		}
		if calls := callsOf(set, logNow().Add(jump)); len(calls) != 1 || !calls[0].LastStart.Equal(want) {
			t.Errorf("clock set by %s: %+v, want the call at %s", jump, calls, want)
		}
	}
}

// TestCallsAreBounded: a flood of calls costs no more than its limit.
func TestCallsAreBounded(t *testing.T) {
	var l callLog
	for i := range 3 * maxCalls {
		l.add(logTime(3*maxCalls-i), i%5)
	}
	l.prune(logNow())
	if len(l.spans) > maxCalls {
		t.Errorf("%d calls", len(l.spans))
	}
}
