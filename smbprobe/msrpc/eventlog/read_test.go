package eventlog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// events makes n events whose numbers begin with first.
func events(first uint32, n int) []Record {
	made := sambaEvents(time.Unix(1_600_000_000, 0).UTC(), n)
	for i := range made {
		made[i].Number = first + uint32(i)
	}
	return made
}

func TestReadBackwards(t *testing.T) {
	long := events(1, 20)
	long[10].Strings = []string{strings.Repeat("x", 900), strings.Repeat("y", 900), strings.Repeat("z", 900)}
	for _, test := range []struct {
		name  string
		make  func(s *server)
		log   []Record
		seeks bool
	}{
		{"empty", nil, nil, false},
		{"one", nil, events(7, 1), false},
		{"two", nil, events(7, 2), false},
		{"a thousand", nil, events(1, 1000), false},
		{"numbers up to the highest", nil, events(1<<32-50, 50), false},
		{"small fragments", func(s *server) { s.fragment = 100 }, events(5, 100), false},
		{"a record of more than 4 KB", nil, long, false},
		{"a record of more than 64 KB", func(s *server) { s.data = map[uint32]int{8: 70001} }, events(1, 20), false},
		{"the newest has more than 64 KB", func(s *server) { s.data = map[uint32]int{20: 70001} }, events(1, 20), false},
		{"the two newest fill a read each", func(s *server) { s.data = map[uint32]int{20: 3000, 19: 3000} }, events(1, 20), false},
		{"Samba, empty", func(s *server) { s.samba = true }, nil, false},
		{"Samba, one", func(s *server) { s.samba = true }, events(1, 1), false},
		{"Samba, two", func(s *server) { s.samba = true }, events(1, 2), true},
		{"Samba, a thousand", func(s *server) { s.samba = true }, events(300, 1000), true},
		{"Samba, just pruned", func(s *server) { s.pruned = true }, events(300, 100), true},
		{"Samba, pruned to nothing", func(s *server) { s.pruned = true }, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(test.log)
			if test.make != nil {
				test.make(s)
			}
			got, end, err := readAll(t, s)
			if err != nil || !end.Reached {
				t.Errorf("end %+v, %v", end, err)
			}
			if diff := cmp.Diff(newest(test.log), got); diff != "" {
				t.Errorf("records (-there +read):\n%s", diff)
			}
			if (s.seeks > 0) != test.seeks {
				t.Errorf("%d seeks", s.seeks)
			}
		})
	}
}

// TestReadUnreadable: records that cannot be decoded are passed on in their places,
// whatever number they hold, and all others are read.
func TestReadUnreadable(t *testing.T) {
	badData := func(b []byte) []byte { return put(b, 48, 0x10000000) }
	number := func(n uint32) func([]byte) []byte { return func(b []byte) []byte { return put(badData(b), 8, n) } }
	for _, test := range []struct {
		name  string
		log   []Record
		spoil map[uint32]func([]byte) []byte
	}{
		{"one in the middle", events(1, 200), map[uint32]func([]byte) []byte{120: badData}},
		{"the newest", events(1, 200), map[uint32]func([]byte) []byte{200: badData}},
		{"the newest, numbered wrongly", events(1, 200), map[uint32]func([]byte) []byte{200: number(1)}},
		{"the two newest, numbered wrongly", events(1, 200), map[uint32]func([]byte) []byte{200: number(0), 199: number(0xFFFFFFFF)}},
		{"the oldest", events(1, 200), map[uint32]func([]byte) []byte{1: badData}},
		{"the oldest, numbered wrongly", events(50, 200), map[uint32]func([]byte) []byte{50: number(0)}},
		{"some in a row, numbered wrongly", events(1, 200), map[uint32]func([]byte) []byte{100: number(300), 101: number(100), 102: number(0)}},
		{"the only one", events(9, 1), map[uint32]func([]byte) []byte{9: badData}},
		{"all of two", events(9, 2), map[uint32]func([]byte) []byte{9: badData, 10: badData}},
	} {
		for name, samba := range map[string]bool{"Windows": false, "Samba": true} {
			t.Run(name+", "+test.name, func(t *testing.T) {
				s := newServer(test.log)
				s.samba, s.spoil = samba, test.spoil
				got, end, err := readAll(t, s)
				if err != nil || !end.Reached || end.Unreadable != len(test.spoil) || len(got) != len(test.log) {
					t.Fatalf("%d records, end %+v, %v", len(got), end, err)
				}
				for i, want := range newest(test.log) {
					r := got[i]
					if (r.Err != nil) != (test.spoil[want.Number] != nil) || r.Number != want.Number || r.Source != want.Source {
						t.Errorf("record %d: %+v", want.Number, r)
					}
					if r.Err == nil && !cmp.Equal(r, want) {
						t.Errorf("record %d: %s", want.Number, cmp.Diff(want, r))
					}
				}
			})
		}
	}
}

func TestReadBackwardsStops(t *testing.T) {
	s := newServer(events(1, 1000))
	log, err := Open(t.Context(), s, "Application")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	end, err := log.ReadBackwards(t.Context(), Reading{}, func(Record) bool { n++; return n < 5 })
	if err != nil || end.Reached || n != 5 || s.rounds != 3 {
		t.Errorf("%d records, end %+v, %v, %d round trips; want 5 in 3", n, end, err, s.rounds)
	}
}

// TestReadSizes: the first read fits one fragment, and none is over the limit of
// the protocol.
func TestReadSizes(t *testing.T) {
	s := newServer(events(1, 1000))
	if _, _, err := readAll(t, s); err != nil {
		t.Fatal(err)
	}
	if s.reads[0]+readOverhead > 4280-24 {
		t.Errorf("the first read of %d bytes takes more than a fragment", s.reads[0])
	}
	for i, size := range s.reads {
		if size > mostRead || i > 0 && size < s.reads[i-1] {
			t.Errorf("read %d asks for %d bytes", i, size)
		}
	}
}

func TestReadStatus(t *testing.T) {
	for _, test := range []struct {
		opnum  uint16
		status smb.Status
		want   error
	}{
		{opOpen, smb.StatusAccessDenied, nil},
		{opRead, smb.StatusEventlogFileCorrupt, nil},
		{opRead, smb.StatusEventlogFileChanged, ErrChanged},
		{opRead, smb.StatusInvalidParameter, nil},
		{opNumberOfRecords, smb.StatusInvalidHandle, nil},
		{opOldestRecord, smb.StatusEventlogFileChanged, ErrChanged},
	} {
		s := newServer(events(1, 1)) // one record: its bounds are asked for
		s.status = map[uint16]smb.Status{test.opnum: test.status}
		_, end, err := readAll(t, s)
		if smb.StatusOf(err) != test.status || end.Reached || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("opnum %d: end %+v, %v; want %s, %v", test.opnum, end, err, test.status, test.want)
		}
	}
}

// TestReadContradictions: numbers that do not fall, an end that is none.
func TestReadContradictions(t *testing.T) {
	rising := events(1, 200)
	rising[20].Number = 150
	again := events(1, 200)
	again[100].Number = 102
	zero := events(1, 200)
	zero[3].Number = 0
	for name, log := range map[string][]Record{"rising": rising, "twice the same": again, "number 0": zero} {
		if _, end, err := readAll(t, newServer(log)); !errors.Is(err, smb.ErrProtocol) || end.Reached {
			t.Errorf("%s: end %+v, %v", name, end, err)
		}
	}
	// Big records alone in their answers prove nothing; then the file ends.
	s := newServer(events(1, 20))
	s.data = map[uint32]int{20: 3000, 19: 3000}
	log, err := Open(t.Context(), s, "Application")
	if err != nil {
		t.Fatal(err)
	}
	end, err := log.ReadBackwards(t.Context(), Reading{}, func(Record) bool { s.next = 0; return true })
	if !errors.Is(err, smb.ErrProtocol) || end.Reached {
		t.Errorf("an end of file with records left: %+v, %v", end, err)
	}
}
