package rpc

// Flags of a read (MS-EVEN 3.1.4.7).
const (
	readSequential = 0x1
	readSeek       = 0x2
	readForwards   = 0x4
	readBackwards  = 0x8
)

// place is where a handle has come to in its log.
type place struct {
	cleared int    // how often the log had been cleared when it was opened
	started bool   // something was read
	last    uint32 // the record that was read last
	oldest  uint32 // the oldest record at that time
}

// begin returns the place of a handle that is opened now.
func (l *EventLog) begin() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return place{cleared: l.cleared}
}

// read returns whole records of at most size bytes, and moves the place behind them.
// needed is the length of the next record where it alone is longer.
func (l *EventLog) read(p *place, flags, number uint32, size int) (data []byte, needed, status uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, status := l.start(p, flags, number)
	if status != statusOK {
		return nil, 0, status
	}
	oldest := l.oldest()
	for next >= oldest && next < l.next {
		r := l.records[next-oldest]
		if len(data)+len(r.bytes) > size {
			if len(data) == 0 {
				return nil, uint32(len(r.bytes)), statusBufferTooSmall
			}
			break
		}
		data = append(data, r.bytes...)
		p.started, p.last, p.oldest = true, next, oldest
		if flags&readForwards != 0 {
			next++
		} else {
			next--
		}
	}
	return data, 0, statusOK
}

// start returns the number of the record that a read begins with. It is there where
// the status is STATUS_SUCCESS.
func (l *EventLog) start(p *place, flags, number uint32) (next, status uint32) {
	forwards := false
	switch flags {
	case readSequential | readForwards, readSeek | readForwards:
		forwards = true
	case readSequential | readBackwards, readSeek | readBackwards:
	default:
		return 0, statusInvalidParam
	}
	if p.cleared != l.cleared {
		return 0, statusLogChanged
	}
	oldest := l.oldest()
	if flags&readSeek != 0 {
		if l.seekLimit != 0 && l.size() >= l.seekLimit || len(l.records) == 0 || number < oldest || number >= l.next {
			return 0, statusInvalidParam
		}
		return number, statusOK
	}
	if len(l.records) == 0 {
		return 0, statusEndOfFile
	}
	switch {
	case !p.started && forwards:
		return oldest, statusOK
	case !p.started:
		return l.next - 1, statusOK
	case forwards:
		next = p.last + 1
	case p.last <= p.oldest:
		return 0, statusEndOfFile // the oldest was read
	default:
		next = p.last - 1
	}
	switch {
	case next >= l.next:
		return 0, statusEndOfFile
	case next < oldest:
		return 0, statusLogChanged // it was overwritten
	}
	return next, statusOK
}
