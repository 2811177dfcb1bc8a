package dialfailures

import (
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// maxEvents bounds the events that are remembered of one log; the oldest are
	// forgotten first, and the windows that they may fall into are then not
	// known.
	maxEvents = 16384
	// maxPairs bounds the pairs of entry and code that are told apart in one log.
	maxPairs = 1000
)

// Record is an event log record, as far as failures to dial concern it. Times are the
// server's; strings are as the server sent them.
type Record struct {
	Number    uint32
	Generated time.Time
	Source    string
	ID        uint16 // the low 16 bits of the event identifier
	Strings   []string
}

// failureEvent is a failure to dial, event 4106.
type failureEvent struct {
	at   time.Time
	pair int // index of logMemory.pairs
}

// failurePair is the connection that could not be made, and the error.
type failurePair struct {
	entry string
	code  string // decimal, or smbprobe.UnknownCode
}

// logMemory is what is remembered of an event log between probes, so that a
// probe reads only what is new. Times are the server's.
type Memory struct {
	Newest   uint32 // record number; 0: nothing is remembered
	NewestAt time.Time
	Oldest   uint32 // record number whose time is known; 0: none
	OldestAt time.Time

	failures  []failureEvent // the newest first
	pairs     []failurePair
	Related   []smbprobe.RelatedEvent // the newest first
	forgotten time.Time               // of the newest failure that was forgotten; zero: none was
}

// follows reports whether a record is the newest one of the memory: between it and what is
// remembered nothing is missing.
func (m *Memory) follows(r Record) bool {
	return m.Newest != 0 && r.Number == m.Newest && r.Generated.Equal(m.NewestAt)
}

// pair returns the index of a pair, a new one where there is room, else that of
// other.
func (m *Memory) pair(p failurePair) int {
	if i := slices.Index(m.pairs, p); i >= 0 {
		return i
	}
	if len(m.pairs) == maxPairs {
		p = failurePair{smbprobe.Other, smbprobe.Other}
		if i := slices.Index(m.pairs, p); i >= 0 {
			return i
		}
		m.pairs[maxPairs-1] = p // the last pair becomes other
		return maxPairs - 1
	}
	m.pairs = append(m.pairs, p)
	return len(m.pairs) - 1
}

// prune forgets what is older than start, and what is beyond the bounds.
func (m *Memory) prune(start time.Time) {
	m.failures = slices.DeleteFunc(m.failures, func(e failureEvent) bool { return e.at.Before(start) })
	m.Related = slices.DeleteFunc(m.Related, func(e smbprobe.RelatedEvent) bool { return e.At.Before(start) })
	if len(m.failures) > maxEvents {
		for _, e := range m.failures[maxEvents:] {
			if e.at.After(m.forgotten) {
				m.forgotten = e.at
			}
		}
		m.failures = slices.Clip(m.failures[:maxEvents])
	}
	const maxRelated = 256
	m.Related = m.Related[:min(len(m.Related), maxRelated)]

	// Only pairs that occur are kept.
	var pairs []failurePair
	index := make(map[int]int)
	for i, e := range m.failures {
		n, ok := index[e.pair]
		if !ok {
			n = len(pairs)
			pairs = append(pairs, m.pairs[e.pair])
			index[e.pair] = n
		}
		m.failures[i].pair = n
	}
	m.pairs = pairs
}

// incomplete reports whether failures were dropped because there were too many.
func (m *Memory) Incomplete() bool { return !m.forgotten.IsZero() }

// len returns the number of failures that are remembered.
func (m *Memory) Len() int { return len(m.failures) }

// clone returns a copy that can be changed while others read the memory.
func (m *Memory) Clone() *Memory {
	if m == nil {
		return new(Memory)
	}
	c := *m
	c.failures, c.pairs, c.Related = slices.Clone(m.failures), slices.Clone(m.pairs), slices.Clone(m.Related)
	return &c
}
