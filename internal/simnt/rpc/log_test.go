package rpc

import (
	"testing"
	"time"
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
