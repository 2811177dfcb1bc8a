package rpc

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	forwards     = readSequential | readForwards
	backwards    = readSequential | readBackwards
	seekForwards = readSeek | readForwards
	seekBack     = readSeek | readBackwards
)

// step is a read, or something that happens to the log before it.
type step struct {
	do            func(*EventLog)
	flags, number uint32
	records       int // room for so many
	want          []uint32
	status        uint32
}

func TestReads(t *testing.T) {
	add := func(n int) func(*EventLog) {
		return func(l *EventLog) {
			for range n {
				l.Add(dialFailure(now()))
			}
		}
	}
	for name, steps := range map[string][]step{
		"the newest first":      {{nil, backwards, 0, 2, []uint32{5, 4}, 0}, {nil, backwards, 0, 9, []uint32{3, 2, 1}, 0}, {nil, backwards, 0, 9, nil, statusEndOfFile}},
		"the oldest first":      {{nil, forwards, 0, 3, []uint32{1, 2, 3}, 0}, {nil, forwards, 0, 9, []uint32{4, 5}, 0}, {nil, forwards, 0, 9, nil, statusEndOfFile}},
		"new ones behind":       {{nil, forwards, 0, 9, []uint32{1, 2, 3, 4, 5}, 0}, {add(1), forwards, 0, 9, []uint32{6}, 0}},
		"new ones are not seen": {{nil, backwards, 0, 2, []uint32{5, 4}, 0}, {add(1), backwards, 0, 1, []uint32{3}, 0}},
		"a new handle later":    {{add(1), backwards, 0, 1, []uint32{6}, 0}},
		"the number is for seeking": {
			{nil, backwards, 2, 1, []uint32{5}, 0},
		},
		"seek":                    {{nil, seekForwards, 3, 9, []uint32{3, 4, 5}, 0}, {nil, seekBack, 3, 2, []uint32{3, 2}, 0}, {nil, backwards, 0, 9, []uint32{1}, 0}},
		"seek to what is not":     {{nil, seekBack, 0, 1, nil, statusInvalidParam}, {nil, seekForwards, 6, 1, nil, statusInvalidParam}, {nil, seekBack, 5, 1, []uint32{5}, 0}},
		"too small":               {{nil, backwards, 0, 0, nil, statusBufferTooSmall}, {nil, backwards, 0, 1, []uint32{5}, 0}},
		"cleared":                 {{nil, backwards, 0, 1, []uint32{5}, 0}, {(*EventLog).Clear, backwards, 0, 1, nil, statusLogChanged}, {add(9), seekBack, 1, 1, nil, statusLogChanged}},
		"overwritten":             {{nil, backwards, 0, 3, []uint32{5, 4, 3}, 0}, {add(7), backwards, 0, 1, nil, statusLogChanged}},
		"overwritten, the oldest": {{nil, backwards, 0, 9, []uint32{5, 4, 3, 2, 1}, 0}, {add(9), backwards, 0, 1, nil, statusEndOfFile}},
		"overwritten behind it":   {{nil, backwards, 0, 1, []uint32{5}, 0}, {add(6), backwards, 0, 9, []uint32{4}, 0}, {nil, backwards, 0, 1, nil, statusEndOfFile}},
		"overwritten, forwards":   {{nil, forwards, 0, 2, []uint32{1, 2}, 0}, {add(7), forwards, 0, 9, nil, statusLogChanged}},
		"wrong flags": {
			{nil, 0, 0, 1, nil, statusInvalidParam}, {nil, readSequential, 0, 1, nil, statusInvalidParam}, {nil, 15, 0, 1, nil, statusInvalidParam},
			{nil, readSequential | readSeek | readForwards, 1, 1, nil, statusInvalidParam}, {nil, backwards | 0x10, 0, 1, nil, statusInvalidParam},
		},
	} {
		log := newServer().Log("System")
		log.SetLimits(fits(8), 0)
		add(5)(log)
		p := log.begin()
		for i, s := range steps {
			if s.do != nil {
				s.do(log)
			}
			room := s.records * int(recordLength())
			data, needed, status := log.read(&p, s.flags, s.number, room)
			if diff := cmp.Diff(s.want, numbers(t, data)); diff != "" || status != s.status {
				t.Errorf("%s, read %d: status %08X, expected %08X, records (-want +got):\n%s", name, i, status, s.status, diff)
			}
			if status == statusBufferTooSmall && needed != recordLength() {
				t.Errorf("%s, read %d: %d bytes needed", name, i, needed)
			}
		}
	}
}

// numbers returns the numbers of the records in an answer.
func numbers(t *testing.T, data []byte) (found []uint32) {
	t.Helper()
	for len(data) > 0 {
		length := binary.LittleEndian.Uint32(data)
		if int(length) > len(data) || length < recordHeaderSize {
			t.Fatalf("a record of %d bytes in %d", length, len(data))
		}
		found = append(found, binary.LittleEndian.Uint32(data[8:]))
		data = data[length:]
	}
	return found
}

func TestEmptyLog(t *testing.T) {
	log := newServer().Log("System")
	p := log.begin()
	for flags, want := range map[uint32]uint32{
		forwards: statusEndOfFile, backwards: statusEndOfFile, seekForwards: statusInvalidParam, seekBack: statusInvalidParam,
	} {
		if data, _, status := log.read(&p, flags, 0, 4096); status != want || len(data) != 0 {
			t.Errorf("flags %d: %d bytes, status %08X", flags, len(data), status)
		}
	}
}

// TestSeekInLargeLog: Windows NT 4.0 cannot, and Windows 2000 can.
func TestSeekInLargeLog(t *testing.T) {
	for _, test := range []struct {
		major, size, want uint32
	}{
		{4, 2<<20 - logGrowth, statusOK}, {4, 2 << 20, statusInvalidParam}, {5, 2 << 20, statusOK},
	} {
		s := NewSystem(Options{Name: "EXCH1", Major: test.major, Now: now})
		log := s.Log("Application")
		log.SetLimits(test.size, 0)
		for range test.size/recordLength() + 10 {
			log.Add(dialFailure(now()))
		}
		p := log.begin()
		for flags, want := range map[uint32]uint32{seekBack: test.want, seekForwards: test.want, backwards: statusOK} {
			if _, _, status := log.read(&p, flags, log.Oldest()+5, 4096); status != want || log.Size() != int64(test.size) {
				t.Errorf("Windows NT %d.0, %d bytes, flags %d: status %08X, expected %08X", test.major, log.Size(), flags, status, want)
			}
		}
	}
}
