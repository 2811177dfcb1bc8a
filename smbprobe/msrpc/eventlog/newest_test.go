package eventlog

import (
	"errors"
	"testing"
)

// TestCountThatHidesRecords: where the server's own count alone says which record
// is the newest, one that is too small is found out, and no record is missed.
func TestCountThatHidesRecords(t *testing.T) {
	for _, hidden := range []int{1, 2, 50, 98} {
		for _, pruned := range []bool{false, true} {
			s := newServer(events(1, 100))
			s.samba, s.pruned, s.hidden = !pruned, pruned, hidden
			if records, _, err := readAll(t, s); !errors.Is(err, ErrChanged) {
				t.Errorf("%d hidden, pruned %v: %d records, %v", hidden, pruned, len(records), err)
			}
		}
	}
}

// TestKnownNewestRecordCostsNoMore: who knows the newest record is not made to wait.
func TestKnownNewestRecordCostsNoMore(t *testing.T) {
	s := newServer(events(1, 100))
	s.samba = true
	log, err := Open(t.Context(), s, "Application")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.ReadBackwards(t.Context(), Reading{}, func(Record) bool { return false }); err != nil || s.seeks != 1 {
		t.Errorf("%d seeks, %v", s.seeks, err)
	}
}
