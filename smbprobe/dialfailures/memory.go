// Package dialfailures counts the failures to dial that a server's event log records,
// and remembers them between probes.
//
// A Reader takes the records of a log from the newest to the oldest and stops at what its
// Memory knows. The Memory then counts failures in windows of time, and describes the
// history of failed calls. A Store keeps the memories of many logs. The package does no
// I/O.
package dialfailures

import (
	"math"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// maxEvents is how many events of one log are remembered; the oldest are dropped
	// first, and the windows that they may lie in are then not known.
	maxEvents = 16384
	// maxTexts is how many different texts of failures are told apart in one log.
	maxTexts = 1000
	// maxTextBytes is how much of a failure's text is kept.
	maxTextBytes = 2048
	// maxRelated is how many related events of one log are remembered.
	maxRelated = 256
	// minLogs is how many event logs are remembered at least; see Store.Resize.
	minLogs = 2048
)

// Record is an event log record, as far as failures to dial concern it. Times are the
// server's; strings are as the server sent them.
type Record struct {
	Number    uint32
	Generated time.Time
	Source    string
	ID        uint16 // the low 16 bits of the event identifier
	Strings   []string

	// Unreadable: the record could not be decoded. Its number is right, and its time may be
	// wrong.
	Unreadable bool
	// MayBeFailure: what is known of an unreadable record does not rule out that it is a
	// failure to dial.
	MayBeFailure bool
}

// failureEvent is a failure to dial, event 4106. Ten thousand servers may have hundreds of
// them each: it takes eight bytes.
type failureEvent struct {
	at   uint32 // seconds since 1970, as event records have them
	text uint16 // index of Memory.texts
}

func newFailureEvent(at time.Time, text int) failureEvent {
	return failureEvent{uint32(min(max(at.Unix(), 0), math.MaxUint32)), uint16(text)}
}

func (e failureEvent) time() time.Time { return time.Unix(int64(e.at), 0).UTC() }

// failureText is the insertion strings of a failure. Entry and code are taken from it
// only when failures are counted: by then the names of the entries are known.
type failureText string

const textSeparator = "\x00" // cannot occur in an insertion string, which it ends

func newFailureText(insertions []string) failureText {
	text := strings.Join(insertions, textSeparator)
	return failureText(text[:min(len(text), maxTextBytes)])
}

// otherText stands for the texts beyond maxTexts.
const otherText failureText = textSeparator + "other"

// Memory is what is remembered of an event log between probes, so that a probe reads only
// what is new. Times are the server's. A Memory that is in a Store does not change: the
// next probe works on a Clone.
type Memory struct {
	Newest   uint32 // record number; 0: nothing is remembered
	NewestAt time.Time
	Oldest   uint32 // number of the oldest record, if its time is known; 0: none
	OldestAt time.Time
	Count    uint32 // of records in the log; 0: not known, or none

	Seek    bool  // the server has to be told where a reading begins
	Trusted uint8 // probes in a row that found the newest record unchanged, and did not ask for Oldest and Count

	Related []smbprobe.RelatedEvent // the newest first

	once  bool      // the log was read by one probe only since its records are remembered
	start time.Time // what is older is not remembered
	// The server's clock was set forward, perhaps for this probe only: since when by ours, and
	// what start was then; zero: it was not.
	forwardSince time.Time
	forwardStart time.Time

	failures []failureEvent // the newest first
	texts    []failureText
	dropped  time.Time // of the newest failure that was dropped; zero: none was

	// Records that could not be decoded: the latest time that each can have, the newest
	// first, and the newest of those that may be failures; zero: none.
	unreadable []time.Time
	doubtful   time.Time
	calls      callLog
}

// follows reports whether a record is the newest one that is remembered, with nothing
// missing in between.
func (m *Memory) follows(r Record) bool {
	return m.Newest != 0 && r.Number == m.Newest && r.Generated.Equal(m.NewestAt)
}

// textIndex returns the index of a text, a new one if there is room, otherwise that of
// otherText.
func (m *Memory) textIndex(text failureText) int {
	if i := slices.Index(m.texts, text); i >= 0 {
		return i
	}
	if len(m.texts) < maxTexts {
		m.texts = append(m.texts, text)
		return len(m.texts) - 1
	}
	if i := slices.Index(m.texts, otherText); i >= 0 {
		return i
	}
	m.texts[maxTexts-1] = otherText
	return maxTexts - 1
}

// forget drops what is remembered of the records. Calls stay: they happened, even if
// the log was cleared since.
func (m *Memory) forget() {
	*m = Memory{once: true, start: m.start, texts: m.texts, calls: m.calls, Seek: m.Seek}
}

// observe takes note of the present time by the server's clock and by ours, and of the start
// of the largest window. If the server's clock was set forward, what is remembered is kept
// as long by our clock: the other one may be right again in the next probe.
func (m *Memory) observe(server, local, start time.Time, window time.Duration) {
	if jump := m.calls.observe(server, local); jump >= minClockJump && m.forwardSince.IsZero() && m.Newest != 0 {
		m.forwardSince, m.forwardStart = local, m.start
	}
	m.start = start
	if m.forwardSince.IsZero() {
		return
	}
	elapsed := local.Sub(m.forwardSince)
	if kept := m.forwardStart.Add(elapsed); elapsed >= 0 && elapsed < window && kept.Before(start) {
		m.start = kept
	} else {
		m.forwardSince, m.forwardStart = time.Time{}, time.Time{}
	}
}

// prune drops what is older than start, and what is beyond the limits.
func (m *Memory) prune() {
	start := m.start
	m.failures = slices.DeleteFunc(m.failures, func(e failureEvent) bool { return e.time().Before(start) })
	m.Related = slices.DeleteFunc(m.Related, func(e smbprobe.RelatedEvent) bool { return e.At.Before(start) })
	if len(m.failures) > maxEvents {
		for _, e := range m.failures[maxEvents:] {
			if e.time().After(m.dropped) {
				m.dropped = e.time()
			}
		}
		m.failures = slices.Clip(m.failures[:maxEvents])
	}
	m.Related = m.Related[:min(len(m.Related), maxRelated)]
	m.unreadable = slices.DeleteFunc(m.unreadable, func(at time.Time) bool { return at.Before(start) })
	m.unreadable = m.unreadable[:min(len(m.unreadable), maxEvents)]

	// Only texts that still occur are kept.
	var texts []failureText
	kept := make(map[uint16]uint16)
	keep := func(old uint16) uint16 {
		n, ok := kept[old]
		if !ok {
			n = uint16(len(texts))
			texts = append(texts, m.texts[old])
			kept[old] = n
		}
		return n
	}
	for i, e := range m.failures {
		m.failures[i].text = keep(e.text)
	}
	for i, c := range m.calls.spans {
		m.calls.spans[i].text = keep(c.text)
	}
	m.texts = texts
}

// Incomplete reports whether failures were dropped because there were too many.
func (m *Memory) Incomplete() bool { return !m.dropped.IsZero() }

// Unreadable returns how many records since the start of the largest window could not be
// decoded.
func (m *Memory) Unreadable() int { return len(m.unreadable) }

// Len returns the number of failures that are remembered.
func (m *Memory) Len() int { return len(m.failures) }

// Clone returns a copy that can be changed while others read the memory; of nil, an empty
// memory.
func (m *Memory) Clone() *Memory {
	if m == nil {
		return new(Memory)
	}
	c := *m
	c.failures, c.texts, c.Related = slices.Clone(m.failures), slices.Clone(m.texts), slices.Clone(m.Related)
	c.unreadable = slices.Clone(m.unreadable)
	c.calls.spans = slices.Clone(m.calls.spans)
	return &c
}

// Key identifies an event log, and what is counted of it: once one of these changes, the log
// is read from the start.
type Key struct {
	Target, Module string
	Log, Source    string
	EventID        uint16
	LargestWindow  time.Duration
}

// Store keeps the memories of event logs. If there are too many, those that were read longest
// ago are dropped first, and read from the start by the next probe.
type Store struct {
	logs *lru.Cache[Key, *Memory]
}

// NewStore returns an empty store.
func NewStore() (*Store, error) {
	logs, err := lru.New[Key, *Memory](minLogs)
	if err != nil {
		return nil, err
	}
	return &Store{logs: logs}, nil
}

// Resize makes room for the logs of so many servers, each read by two modules. It returns how
// many memories were dropped.
func (s *Store) Resize(servers int) (dropped int) { return s.logs.Resize(max(minLogs, 2*servers)) }

// Get returns the memory of a log; nil if there is none.
func (s *Store) Get(key Key) *Memory {
	m, _ := s.logs.Get(key)
	return m
}

// Put stores the memory of a log, and reports whether another one was evicted for it.
func (s *Store) Put(key Key, m *Memory) (evicted bool) { return s.logs.Add(key, m) }
