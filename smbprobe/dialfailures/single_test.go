package dialfailures

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestLatest: the newest failures, one by one, without those of a wrong clock.
func TestLatest(t *testing.T) {
	memory, _ := readRecords(nil, []Record{
		failureRecord(1, logTime(60*30), "too old", "5"),
		failureRecord(2, logTime(60), "ISP", "633"),
		failureRecord(3, logTime(-600), "the clock was wrong", "5"),
		{Number: 4, Generated: logTime(5), ID: 4106, Source: "MSExchangeIMC", Strings: []string{"ISP", "5", "Access \x1b denied"}},
		{Number: 5, Generated: logTime(1), ID: 4106, Source: "MSExchangeIMC", Strings: []string{"no code"}},
	})
	got := memory.Summarize(testModule().Windows, logNow(), nil).Latest
	want := []smbprobe.FailureEvent{
		{At: logTime(1), Code: smbprobe.UnknownCode, Text: "no code"},
		{At: logTime(5), Entry: "ISP", Code: "5", Text: "ISP 5 Access � denied"},
		{At: logTime(60), Entry: "ISP", Code: "633", Text: "ISP 633"},
	}
	if len(got) == len(want) {
		want[0].Entry = got[0].Entry // Parse is tested elsewhere
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var many []Record
	for i := range 80 {
		many = append(many, failureRecord(uint32(i+1), logTime(80-i), fmt.Sprint(i), "5"))
	}
	memory, _ = readRecords(nil, many)
	if got := memory.Summarize(testModule().Windows, logNow(), nil).Latest; len(got) != smbprobe.MaxLatestFailures || got[0].Entry != "79" {
		t.Errorf("%d events, the first is %+v", len(got), got[0])
	}
}

// TestByHour: each failure is in its hour, and an hour is known only if all of it is.
func TestByHour(t *testing.T) {
	day := testModule().Windows
	for _, tt := range []struct {
		name    string
		records []Record
		windows []smbprobe.Window
		want    map[int]int // failures of an hour; the last hour is 23
		unknown int         // hours, the oldest ones
	}{
		{"an empty log covers nothing", nil, day, nil, 24},
		{"the log reaches back", []Record{otherRecord(1, logTime(60*30)), failureRecord(2, logTime(60*24-1), "a", "5"), failureRecord(3, logTime(61), "a", "5"), failureRecord(4, logTime(59), "b", "6"), failureRecord(5, logTime(0), "a", "5")}, day, map[int]int{0: 1, 22: 1, 23: 2}, 0},
		{"the log begins in the middle", []Record{failureRecord(1, logTime(90), "a", "5"), failureRecord(2, logTime(30), "a", "5")}, day, map[int]int{22: 1, 23: 1}, 23},
		{"a wrong clock", []Record{otherRecord(1, logTime(60*30)), failureRecord(2, logTime(-300), "a", "5"), otherRecord(3, logTime(1))}, day, nil, 0},
		{"the windows are shorter", []Record{otherRecord(1, logTime(60*30)), failureRecord(2, logTime(30), "a", "5")}, day[:2], map[int]int{23: 1}, 23},
	} {
		memory, _ := readRecords(nil, tt.records)
		h := memory.Summarize(tt.windows, logNow(), nil).ByHour
		got, unknown := map[int]int(nil), 0
		for hour, n := range h.Failures {
			if n > 0 {
				if got == nil {
					got = map[int]int{}
				}
				got[hour] = n
			}
			if !h.Known(hour) {
				unknown++
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || unknown != tt.unknown || !h.End.Equal(logNow()) {
			t.Errorf("%s: %d hours are not known, want %d; (-want +got):\n%s", tt.name, unknown, tt.unknown, diff)
		}
	}
	if h := (smbprobe.HourlyCounts{End: logNow(), KnownFrom: logNow().Add(-time.Hour)}); !h.Known(23) || h.Known(22) {
		t.Error("the last hour is known, and the one before is not")
	}
}
