package rpc

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
)

// recordLength is the length of dialFailure's record in bytes.
func recordLength() uint32 { return uint32(len(encodeRecord(1, dialFailure(now())))) }

// fits returns the size of a log that so many of those records fit.
func fits(records uint32) uint32 { return logHeaderSize + logEndSize + records*recordLength() }

func TestFullLog(t *testing.T) {
	const day = 24 * 3600
	for name, test := range map[string]struct {
		maxSize, retention     uint32
		ages                   []time.Duration // of the events, as they are added
		count, oldest, dropped uint32
	}{
		"room":                   {fits(3), neverOverwrite, make([]time.Duration, 3), 3, 1, 0},
		"overwritten":            {fits(3), 0, make([]time.Duration, 5), 3, 3, 0},
		"one byte too few":       {fits(3) - 1, 0, make([]time.Duration, 3), 2, 2, 0},
		"never overwritten":      {fits(3), neverOverwrite, make([]time.Duration, 5), 3, 1, 2},
		"too young":              {fits(2), day, []time.Duration{day*time.Second - 1, 0, 0}, 2, 1, 1},
		"old enough":             {fits(2), day, []time.Duration{day * time.Second, 0, 0}, 2, 2, 0},
		"old enough, then young": {fits(2), day, []time.Duration{2 * day * time.Second, 0, 0, 0}, 2, 2, 1},
		"room for none":          {fits(0), 0, make([]time.Duration, 2), 0, 0, 2},
		"no room for a header":   {10, 0, make([]time.Duration, 2), 0, 0, 2},
	} {
		log := newServer().Log("system")
		log.SetLimits(test.maxSize, test.retention)
		for _, age := range test.ages {
			log.Add(dialFailure(now().Add(-age)))
		}
		if log.Count() != test.count || log.Oldest() != test.oldest || log.Dropped() != int(test.dropped) {
			t.Errorf("%s: %d records from %d on, %d dropped", name, log.Count(), log.Oldest(), log.Dropped())
		}
		if test.count > 0 && log.Size() > int64(test.maxSize) {
			t.Errorf("%s: a file of %d bytes, at most %d", name, log.Size(), test.maxSize)
		}
	}
}

func TestLogSize(t *testing.T) {
	log := newServer().Log("System")
	log.SetLimits(logGrowth*3/2, 0)
	if log.Size() != logGrowth {
		t.Errorf("empty: %d bytes", log.Size())
	}
	for range logGrowth/recordLength() + 1 {
		log.Add(dialFailure(now()))
	}
	if log.Size() != logGrowth*3/2 {
		t.Errorf("grown: %d bytes", log.Size())
	}
	log.Clear()
	if log.Size() != logGrowth || log.Count() != 0 || log.Oldest() != 0 {
		t.Errorf("cleared: %d bytes, %d records from %d on", log.Size(), log.Count(), log.Oldest())
	}
	log.Add(dialFailure(now()))
	if log.Count() != 1 || log.Oldest() != 1 {
		t.Errorf("after clearing: %d records from %d on", log.Count(), log.Oldest())
	}
}

// TestRecordsOfWindows: records that Windows wrote are written the same, to the byte.
func TestRecordsOfWindows(t *testing.T) {
	file, err := os.ReadFile("testdata/clean.evt")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	file = file[logHeaderSize : len(file)-logEndSize]
	records, err := eventlog.ParseRecords(file)
	if err != nil || len(records) != 5 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		length := le.Uint32(file)
		want := file[:length]
		file = file[length:]
		event := Event{
			At: r.Generated, ID: r.ID, Type: r.Type, Category: r.Category, Source: r.Source, Computer: r.Computer, Strings: r.Strings,
			Data: want[le.Uint32(want[52:]):][:le.Uint32(want[48:])],
		}
		if diff := cmp.Diff(want, encodeRecord(r.Number, event)); diff != "" {
			t.Errorf("record %d (-of Windows +written):\n%s", r.Number, diff)
		}
	}
}

// TestRecordLayout: whatever its parts are long, a record is in order.
func TestRecordLayout(t *testing.T) {
	for source := range 5 {
		for computer := range 4 {
			for data := range 9 {
				e := Event{
					At: now(), ID: 0xC000100A, Type: 1, Category: 2, Source: "source"[:source+1], Computer: "exch"[:computer+1],
					Strings: []string{"", "ä𝄞"}, Data: make([]byte, data),
				}
				b := encodeRecord(7, e)
				got, err := eventlog.ParseRecords(b)
				want := []eventlog.Record{{
					Number: 7, Generated: now().Truncate(1e9), Written: now().Truncate(1e9), ID: e.ID, Type: 1, Category: 2,
					Source: e.Source, Computer: e.Computer, Strings: e.Strings,
				}}
				if diff := cmp.Diff(want, got); err != nil || diff != "" || len(b)%4 != 0 {
					t.Fatalf("%d bytes, %v (-want +got):\n%s", len(b), err, diff)
				}
			}
		}
	}
}
