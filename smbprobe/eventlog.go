package smbprobe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
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

const (
	pipeShare = "IPC$"

	// maxAttempts is how often the log is read where it is cleared or
	// overwritten under the reader.
	maxAttempts = 2
)

// EventlogResult is what is known of the event log. Times are the server's.
type EventlogResult struct {
	Readable *bool      // nil: not asked, or no login
	Status   smb.Status // the status behind a log that cannot be read
	Error    string     // why it cannot be read, or why windows are not known; empty where all is well

	// What follows is known only where it was read.
	Records       *int
	Oldest        *time.Time // time of the oldest record
	Newest        *time.Time
	Windows       []WindowResult // empty where the server's clock is not known
	LastFailures  []LastFailure  // inside the largest window
	RelatedEvents []RelatedEvent // inside the largest window, the newest first
	Forgotten     bool           // more failures than are remembered; the larger windows are not known
	Size          *int64         // bytes of the log's file
}

// errLogChanged: the log was cleared or overwritten under the reader.
var errLogChanged = errors.New("the event log changed while it was read")

// readEventlog counts the failures to dial. It runs beside the phone book's
// step on the same session. The tree is IPC$.
func (r *run) readEventlog(ctx context.Context, tree smb.Tree) error {
	m := r.target.Module.EventLog
	key := r.logKey()
	memory, err := r.readLogTwice(ctx, tree, r.prober.logs.get(key))
	if err != nil {
		readable := false
		r.result.Eventlog = EventlogResult{Readable: &readable, Status: smb.StatusOf(err), Error: err.Error()}
		return err
	}
	if r.prober.logs.put(key, memory) {
		r.prober.forgotten.Add(1)
	}
	readable := true
	e := &r.result.Eventlog
	e.Readable = &readable
	e.Forgotten = memory.incomplete()
	now, ok := r.serverTime()
	if !ok {
		e.Error = "the server does not say what time it is: the windows are not known"
		return nil
	}
	e.Windows = countWindows(memory, m.Windows, now)
	e.LastFailures = lastFailures(memory, now)
	e.RelatedEvents = slices.Clone(memory.related)
	return nil
}

// logKey is what a memory belongs to: change the settings, and the log is read afresh.
func (r *run) logKey() string {
	m := r.target.Module.EventLog
	return fmt.Sprintf("%q %q %q %q %d %s", r.target.Name, r.target.Module.Name, m.Log, m.Source, m.EventID, largestWindow(m.Windows))
}

func largestWindow(windows []Window) time.Duration {
	var largest time.Duration
	for _, w := range windows {
		largest = max(largest, w.Duration)
	}
	return largest
}

// serverTime returns what time it is now by the server's clock.
func (r *run) serverTime() (now time.Time, ok bool) {
	s := r.result.Server
	if s == nil || s.Time.IsZero() {
		return time.Time{}, false
	}
	return s.Time.Add(time.Since(s.TimeSeenAt)), true
}

// readLogTwice reads the log, once more where it changed under the reader, or the
// fragments of an answer came in an order that cannot be told.
func (r *run) readLogTwice(ctx context.Context, tree smb.Tree, memory *logMemory) (*logMemory, error) {
	oneByOne := false
	for attempt := 1; ; attempt++ {
		read, err := r.readLog(ctx, tree, memory.clone(), oneByOne)
		unordered := errors.Is(err, msrpc.ErrUnordered)
		if !unordered && !errors.Is(err, errLogChanged) && !errors.Is(err, eventlog.ErrChanged) || attempt == maxAttempts {
			return read, err
		}
		oneByOne = oneByOne || unordered
		r.log.logf("%v; once more", err)
	}
}

// readLog reads what is new since the memory, and returns the memory with it. It
// closes the pipe, and with it the log's handle, at once: clearing a log that somebody
// holds open can crash services.exe (Q159840). Nobody waits for the answer.
func (r *run) readLog(ctx context.Context, tree smb.Tree, memory *logMemory, oneByOne bool) (*logMemory, error) {
	pipe, err := openPipe(ctx, tree, eventlog.PipeName)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := pipe.Close(ctx); err != nil {
			r.log.logf("closing the event log: %v", err)
		}
	}()
	if oneByOne {
		pipe = struct{ smb.Pipe }{pipe} // without ReadMessages
	}
	log, err := eventlog.Open(ctx, pipe, r.target.Module.EventLog.Log)
	if err != nil {
		return nil, err
	}
	news := newLogReader(r.target.Module.EventLog, memory, r.windowStart())
	end, err := log.ReadBackwards(ctx, func(record eventlog.Record) bool {
		return news.take(Record{
			Number: record.Number, Generated: record.Generated, Source: record.Source, ID: record.Code(), Strings: record.Strings,
		})
	})
	if err != nil {
		return nil, err
	}
	oldest, count, err := bounds(ctx, log, end)
	if err != nil {
		return nil, err
	}
	memory = news.merge(end.Reached)
	if (count == 0) != (memory.newest == 0) || count > 0 && (memory.newest < oldest || memory.newest > oldest+(count-1)) {
		return nil, fmt.Errorf("%w: newest record %d, and now %d records from %d on", errLogChanged, memory.newest, count, oldest)
	}
	if count > 0 && memory.oldest != oldest {
		if end.Oldest == nil {
			record, err := log.ReadOldest(ctx)
			if err != nil {
				return nil, err
			}
			end.Oldest = &record
		}
		memory.oldest, memory.oldestAt = end.Oldest.Number, end.Oldest.Generated
	}
	r.noteBounds(memory, count)
	r.log.logf("event log: %d records from %d on, %d new ones read, %d failures remembered", count, oldest, news.recordsRead(), memory.len())
	return memory, nil
}

// bounds returns the number of the oldest record and how many there are, asking only
// where reading did not have to.
func bounds(ctx context.Context, log *eventlog.Log, end eventlog.End) (oldest, count uint32, err error) {
	if end.Bounds != nil {
		return end.Bounds.Oldest, end.Bounds.Count, nil
	}
	return log.Bounds(ctx)
}

// windowStart is where the largest window begins; without the server's clock, by
// our own.
func (r *run) windowStart() time.Time {
	now, ok := r.serverTime()
	if !ok {
		now = r.prober.opts.Now()
	}
	return now.Add(-largestWindow(r.target.Module.EventLog.Windows))
}

func (r *run) noteBounds(m *logMemory, count uint32) {
	records := int(count)
	e := &r.result.Eventlog
	*e = EventlogResult{Records: &records}
	if count > 0 {
		oldest, newest := m.oldestAt, m.newestAt
		e.Oldest, e.Newest = &oldest, &newest
	}
}

// logReader takes records from the newest to the oldest until it meets what is
// remembered, or what is too old to count.
type logReader struct {
	module EventLogModule
	memory *logMemory
	start  time.Time // of the largest window

	read           int
	first          *Record // the newest
	last           Record  // the one read last
	failures       []failureEvent
	related        []RelatedEvent
	reachedKnown   bool // the newest remembered record was reached
	consecutiveOld int
}

func newLogReader(module EventLogModule, memory *logMemory, start time.Time) *logReader {
	return &logReader{module: module, memory: memory, start: start}
}

// recordsRead returns how many records were new.
func (l *logReader) recordsRead() int { return l.read }

// take adds a record, and reports whether older ones are needed.
func (l *logReader) take(r Record) (more bool) {
	if l.memory.follows(r) {
		l.reachedKnown = true
		if l.first == nil {
			l.first = &r
		}
		return false
	}
	if l.memory.newest != 0 && r.Number <= l.memory.newest {
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
			l.related = append(l.related, RelatedEvent{At: r.Generated, Text: CleanText(strings.Join(r.Strings, " "))})
		}
	}
	return l.consecutiveOld < maxConsecutiveOld
}

// forget empties the memory, but for the names of the pairs that were taken meanwhile.
func (l *logReader) forget() {
	pairs := l.memory.pairs
	*l.memory = logMemory{pairs: pairs}
}

func failurePairOf(r Record) failurePair {
	entry, code, ok := DialFailure(r.Strings)
	if !ok {
		code = UnknownCode
	}
	return failurePair{entry: entry, code: code}
}

// merge returns the memory with what was read. reachedOldest: there is no older
// record than the last one.
func (l *logReader) merge(reachedOldest bool) *logMemory {
	m := l.memory
	if !l.reachedKnown {
		// Nothing remembered was met: the log was cleared, overwritten past it,
		// or it is older than the largest window.
		l.forget()
	}
	m.failures = append(l.failures, m.failures...)
	m.related = append(l.related, m.related...)
	if l.first != nil {
		m.newest, m.newestAt = l.first.Number, l.first.Generated
	}
	if reachedOldest && l.read > 0 {
		m.oldest, m.oldestAt = l.last.Number, l.last.Generated
	}
	m.prune(l.start)
	return m
}
