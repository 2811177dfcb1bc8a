package rpc

import (
	"strings"
	"unicode/utf16"
)

// maxRead is the most that a read may ask for, in bytes (MS-EVEN 2.2.9,
// MAX_BATCH_BUFF).
const maxRead = 0x7FFFF

// logHandle is an open event log.
type logHandle struct {
	log   *EventLog
	place place
}

// eventlogProcedures are those of MS-EVEN 3.1.4. GetLogInformation, number 22, is
// not there on NT 4.0.
func eventlogProcedures() map[uint16]procedure {
	return map[uint16]procedure{
		0:  clearLog,
		2:  closeHandle,
		4:  numberOfRecords,
		5:  oldestRecord,
		7:  openLog,
		10: readLog,
	}
}

// openLog is ElfrOpenELW (MS-EVEN 3.1.4.3). A log that is not there is Application,
// without a word. The Security log is for administrators.
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

// logHandle reads a handle of a log; nil: it is none.
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

// readLog is ElfrReadELW (MS-EVEN 3.1.4.7). All the bytes that were asked for travel.
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

// clearLog is ElfrClearELFW (MS-EVEN 3.1.4.9). Nobody may clear a log, and who tries
// is counted.
func clearLog(c *call) (fault uint32) {
	h := c.logHandle()
	if c.in.pointer() {
		c.in.unicodeString() // the file to keep a copy in
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
