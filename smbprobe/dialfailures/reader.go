package dialfailures

import (
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

// logReader takes records from the newest to the oldest until it meets what is
// remembered, or what is too old to count.
type logReader struct {
	module smbprobe.EventLogModule
	memory *Memory
	start  time.Time // of the largest window

	read           int
	first          *Record // the newest
	last           Record  // the one read last
	failures       []failureEvent
	related        []smbprobe.RelatedEvent
	reachedKnown   bool // the newest remembered record was reached
	consecutiveOld int
}

func NewReader(module smbprobe.EventLogModule, memory *Memory, start time.Time) *logReader {
	return &logReader{module: module, memory: memory, start: start}
}

// recordsRead returns how many records were new.
func (l *logReader) RecordsRead() int { return l.read }

// take adds a record, and reports whether older ones are needed.
func (l *logReader) Add(r Record) (more bool) {
	if l.memory.follows(r) {
		l.reachedKnown = true
		if l.first == nil {
			l.first = &r
		}
		return false
	}
	if l.memory.Newest != 0 && r.Number <= l.memory.Newest {
		// Numbers begin anew, or another log took the place of this one: what
		// is remembered is of a log that is gone.
		l.forget()
	}
	l.read++
	l.last = r
	if l.first == nil {
		l.first = &r
	}
	if r.Generated.Before(l.start) {
		l.consecutiveOld++
	} else {
		l.consecutiveOld = 0
	}
	if strings.EqualFold(r.Source, l.module.Source) {
		switch r.ID {
		case l.module.EventID:
			l.failures = append(l.failures, failureEvent{at: r.Generated, pair: l.memory.pair(failurePairOf(r))})
		case relatedEventID:
			l.related = append(l.related, smbprobe.RelatedEvent{At: r.Generated, Text: smbprobe.CleanText(strings.Join(r.Strings, " "))})
		}
	}
	return l.consecutiveOld < maxConsecutiveOld
}

// forget empties the memory, but for the names of the pairs that were taken meanwhile.
func (l *logReader) forget() {
	pairs := l.memory.pairs
	*l.memory = Memory{pairs: pairs}
}

func failurePairOf(r Record) failurePair {
	entry, code, ok := DialFailure(r.Strings)
	if !ok {
		code = smbprobe.UnknownCode
	}
	return failurePair{entry: entry, code: code}
}

// merge returns the memory with what was read. reachedOldest: there is no older
// record than the last one.
func (l *logReader) Merge(reachedOldest bool) *Memory {
	m := l.memory
	if !l.reachedKnown {
		// Nothing remembered was met: the log was cleared, overwritten past it,
		// or it is older than the largest window.
		l.forget()
	}
	m.failures = append(l.failures, m.failures...)
	m.Related = append(l.related, m.Related...)
	if l.first != nil {
		m.Newest, m.NewestAt = l.first.Number, l.first.Generated
	}
	if reachedOldest && l.read > 0 {
		m.Oldest, m.OldestAt = l.last.Number, l.last.Generated
	}
	m.prune(l.start)
	return m
}
