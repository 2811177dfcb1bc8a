package dialfailures

import (
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// relatedEventID is the event of the same source that a failure with code 87
	// may come with (Q199771).
	relatedEventID = 4037

	// maxConsecutiveOld is how many records in a row have to be older than the
	// largest window before reading ends: setting a clock leaves records whose times
	// do not fall with their numbers.
	maxConsecutiveOld = 50
)

// Reader takes records from the newest to the oldest until it reaches what its memory
// knows, or what is too old to count.
type Reader struct {
	module smbprobe.EventLogModule
	memory *Memory
	now    time.Time // by the server's clock
	start  time.Time // of the largest window

	read           int
	first          *Record // the newest
	last           Record  // the one read last
	failures       []failureEvent
	related        []smbprobe.RelatedEvent
	latest         time.Time // the latest time that the next record can have
	unreadable     []time.Time
	doubtful       time.Time
	reachedKnown   bool // the newest remembered record was reached
	consecutiveOld int
}

// NewReader returns a reader that adds to memory, which it may change. server and local
// are the present time by the server's clock and by ours.
func NewReader(module smbprobe.EventLogModule, memory *Memory, server, local time.Time) *Reader {
	var largest time.Duration
	for _, w := range module.Windows {
		largest = max(largest, w.Duration)
	}
	start := server.Add(-largest)
	if memory.once && memory.start.Sub(start) >= minClockJump {
		// The server's clock was wrong in the one probe that read the log: more records count
		// than were read.
		memory.forget()
	}
	memory.once = memory.Newest == 0
	memory.observe(server, local, start, largest)
	return &Reader{module: module, memory: memory, now: server, start: start, latest: server}
}

// Unchanged reports whether the newest record is the newest one that is remembered.
func (r *Reader) Unchanged() bool { return r.reachedKnown && r.read == 0 }

// RecordsRead returns how many records were new.
func (r *Reader) RecordsRead() int { return r.read }

// Add adds a record, and reports whether older ones are needed.
func (r *Reader) Add(record Record) (more bool) {
	if r.memory.follows(record) {
		r.reachedKnown = true
		if r.first == nil {
			r.first = &record
		}
		return false
	}
	if r.memory.Newest != 0 && record.Number <= r.memory.Newest {
		// Numbers start again, or another log replaced this one: what is remembered
		// is of a log that is gone.
		r.memory.forget()
	}
	r.read++
	r.last = record
	if r.first == nil {
		r.first = &record
	}
	if record.Unreadable {
		r.addUnreadable(record)
		return true
	}
	r.latest = record.Generated
	if record.Generated.Before(r.start) {
		r.consecutiveOld++
	} else {
		r.consecutiveOld = 0
	}
	if strings.EqualFold(record.Source, r.module.Source) {
		switch record.ID {
		case r.module.EventID:
			r.failures = append(r.failures, newFailureEvent(record.Generated, r.memory.textIndex(newFailureText(record.Strings))))
		case relatedEventID:
			r.related = append(r.related, smbprobe.RelatedEvent{At: record.Generated, Text: smbprobe.CleanText(strings.Join(record.Strings, " "))})
		}
	}
	return r.consecutiveOld < maxConsecutiveOld
}

// addUnreadable adds a record that could not be decoded. It is at most as old as the
// record after it.
func (r *Reader) addUnreadable(record Record) {
	r.unreadable = append(r.unreadable, r.latest)
	if record.MayBeFailure && r.latest.After(r.doubtful) {
		r.doubtful = r.latest
	}
}

// Merge returns the memory with what was read. reachedOldest reports whether the last
// record was the oldest of the log.
func (r *Reader) Merge(reachedOldest bool) *Memory {
	m := r.memory
	if !r.reachedKnown {
		// The newest remembered record was not reached: the log was cleared or
		// overwritten past it, or it is older than the largest window.
		m.forget()
	}
	if len(r.failures) > 0 {
		m.failures = append(r.failures, m.failures...)
	}
	m.Related = append(r.related, m.Related...)
	m.unreadable = append(r.unreadable, m.unreadable...)
	if r.doubtful.After(m.doubtful) {
		m.doubtful = r.doubtful
	}
	for _, e := range slices.Backward(r.failures) {
		m.calls.add(e.time(), int(e.text))
	}
	if r.first != nil {
		m.Newest, m.NewestAt = r.first.Number, r.first.Generated
	}
	if reachedOldest && r.read > 0 && !r.last.Unreadable {
		m.Oldest, m.OldestAt = r.last.Number, r.last.Generated
	}
	m.calls.prune(r.now)
	m.prune()
	return m
}
