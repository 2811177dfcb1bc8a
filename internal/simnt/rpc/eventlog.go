package rpc

import (
	"strings"
	"unicode/utf16"
)

// maxRead is the limit of a read in bytes (MS-EVEN 2.2.9, MAX_BATCH_BUFF).
const maxRead = 0x7FFFF

// logHandle is an open event log.
type logHandle struct {
	log   *EventLog
	place place
}

// eventlogProcedures are those of MS-EVEN 3.1.4. NT 4.0 has no
// GetLogInformation, number 22.
var eventlogProcedures = map[uint16]procedure{
	0:  clearLog,
	2:  closeHandle,
	4:  numberOfRecords,
	5:  oldestRecord,
	7:  openLog,
	10: readLog,
}

// openLog is ElfrOpenELW (MS-EVEN 3.1.4.3). The name of an unknown log opens
// Application. The Security log is for administrators.
func openLog(c *call) (fault uint32) {
	if c.in.pointer() { // the server's name: one character
		c.in.u16()
	}
	name, _ := c.in.unicodeString()
	c.in.unicodeString() // RegModuleName
	major, minor := c.in.u32(), c.in.u32()
	if c.in.bad {
		return faultBadStub
	}
	log := c.system.Log(strings.TrimRight(string(utf16.Decode(name)), "\x00"))
	if log == nil {
		log = c.system.Log("Application")
	}
	switch {
	case major != 1 || minor != 1:
		return c.openAnswer(nil, statusInvalidParam)
	case log == c.system.Log("Security") && !c.pipe.access.Administrator:
		return c.openAnswer(nil, statusAccessDenied)
	}
	return c.openAnswer(&logHandle{log, log.begin()}, statusOK)
}

// logHandle reads a handle of a log; nil if it is not one.
func (c *call) logHandle() *logHandle {
	h, _ := c.object(c.in.handle()).(*logHandle)
	return h
}

// numberOfRecords is ElfrNumberOfRecords (MS-EVEN 3.1.4.18).
func numberOfRecords(c *call) (fault uint32) { return c.logNumber((*EventLog).Count) }

// oldestRecord is ElfrOldestRecord (MS-EVEN 3.1.4.19).
func oldestRecord(c *call) (fault uint32) { return c.logNumber((*EventLog).Oldest) }

func (c *call) logNumber(of func(*EventLog) uint32) (fault uint32) {
	h := c.logHandle()
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	c.out.u32(of(h.log), statusOK)
	return 0
}

// readLog is ElfrReadELW (MS-EVEN 3.1.4.7). The answer always has as
// many bytes as requested.
func readLog(c *call) (fault uint32) {
	h := c.logHandle()
	flags, number, size := c.in.u32(), c.in.u32(), c.in.u32()
	switch {
	case c.in.bad || size > maxRead:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	data, needed, status := h.log.read(&h.place, flags, number, int(size))
	buffer := make([]byte, size)
	copy(buffer, data)
	c.out.u32(size)
	c.out.b = append(c.out.b, buffer...)
	c.out.u32(uint32(len(data)), needed, status)
	return 0
}

// clearLog is ElfrClearELFW (MS-EVEN 3.1.4.9). Clearing is
// refused, and attempts are counted.
func clearLog(c *call) (fault uint32) {
	h := c.logHandle()
	if c.in.pointer() {
		c.in.unicodeString() // the backup file
	}
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	h.log.clearTried()
	c.out.u32(statusAccessDenied)
	return 0
}

// Flags of a read (MS-EVEN 3.1.4.7).
const (
	readSequential = 0x1
	readSeek       = 0x2
	readForwards   = 0x4
	readBackwards  = 0x8
)

// place is the position of a handle in its log.
type place struct {
	cleared int    // number of clears of the log when it was opened
	started bool   // a record was read
	last    uint32 // number of the record read last
	oldest  uint32 // number of the oldest record at that time
}

// begin returns the place of a new handle.
func (l *EventLog) begin() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return place{cleared: l.cleared}
}

// read returns whole records of at most size bytes together, and moves the place after them.
// needed is the length of the next record if it alone is longer.
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

// start returns the number of the record that a read begins with, which exists if the status
// is STATUS_SUCCESS.
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
