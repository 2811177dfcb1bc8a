package prober

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/dialfailures"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	pipeShare = "IPC$"

	// maxLogReads is how often the log is read if it is cleared or overwritten
	// meanwhile.
	maxLogReads = 2

	// maxClockDifference is how far the two clocks that a server announces may differ:
	// that of NEGOTIATE and that of NetrRemoteTOD are one clock.
	maxClockDifference = time.Minute
)

// errLogChanged: the log was cleared or overwritten while it was read.
var errLogChanged = errors.New("the event log changed while it was read")

// logRead is what a probe read of the event log.
type logRead struct {
	memory *dialfailures.Memory // nil: not read
	count  uint32               // of records in the log
	err    error                // why it was not read
}

// readEventlog reads the failures to dial that are new since the last probe. The tree
// is IPC$.
func (r *run) readEventlog(ctx context.Context, tree smb.Tree) error {
	expect(ctx, 7) // open, bind, the log, the newest record, the bounds
	key := r.logKey()
	l := &r.eventlog
	l.memory, l.count, l.err = r.readLogTwice(ctx, tree, r.prober.logs.Get(key))
	if l.err != nil {
		l.memory = nil
		return l.err
	}
	r.storeLog(key)
	return nil
}

// storeLog remembers what was read of a log.
func (r *run) storeLog(key dialfailures.Key) {
	if r.prober.logs.Put(key, r.eventlog.memory) {
		r.prober.forgotten.Add(1)
	}
}

// eventlogResult returns what was read. It counts by the server's clock, so it is
// called once everything that tells the time has answered.
func (r *run) eventlogResult() smbprobe.EventlogResult {
	l := &r.eventlog
	if l.memory == nil && l.err == nil {
		return smbprobe.EventlogResult{Size: r.logSize} // not asked
	}
	readable := l.err == nil
	e := smbprobe.EventlogResult{Readable: &readable, Size: r.logSize}
	if !readable {
		e.Status, e.Error = smb.StatusOf(l.err), errorText(l.err)
		return e
	}
	m := l.memory
	records := int(l.count)
	e.Records = &records
	if l.count > 0 {
		newest := m.NewestAt
		e.Newest = &newest
		if oldest := m.OldestAt; m.Oldest != 0 {
			e.Oldest = &oldest
		}
	}
	e.Forgotten = m.Incomplete()
	e.Unreadable = m.Unreadable()
	now, err := r.serverTime()
	if err != nil {
		e.Error = fmt.Sprintf("the windows are not known: %v", err)
		return e
	}
	s := m.Summarize(r.target.Module.EventLog.Windows, now, r.entryNames())
	e.Windows, e.LastFailures, e.Calls = s.Windows, s.LastFailures, s.Calls
	e.Latest, e.ByHour = s.Latest, s.ByHour
	e.RelatedEvents = slices.Clone(m.Related)
	return e
}

// logKey identifies the log that is remembered.
func (r *run) logKey() dialfailures.Key {
	m := r.target.Module.EventLog
	return dialfailures.Key{
		Target: r.target.Name, Module: r.target.Module.Name, Log: m.Log, Source: m.Source, EventID: m.EventID, LargestWindow: largestWindow(m.Windows),
	}
}

func largestWindow(windows []smbprobe.Window) time.Duration {
	var largest time.Duration
	for _, w := range windows {
		largest = max(largest, w.Duration)
	}
	return largest
}

// serverTime returns the present time by the server's clock. If the server announced
// two times that contradict each other, neither can be trusted.
func (r *run) serverTime() (time.Time, error) {
	s := r.result.Server
	if s == nil || s.Time.IsZero() {
		return time.Time{}, errors.New("the server does not announce its time")
	}
	negotiated := s.Time.Sub(s.TimeSeenAt)
	if remote := r.result.Host.ClockOffset; remote != nil && (negotiated-*remote).Abs() > maxClockDifference {
		return time.Time{}, fmt.Errorf("the server announces two times that are %s apart, at negotiation and in NetrRemoteTOD", (negotiated - *remote).Abs().Round(time.Second))
	}
	return s.Time.Add(time.Since(s.TimeSeenAt)), nil
}

// readLogTwice reads the log, and a second time if it changed meanwhile or if the order
// of an answer's fragments could not be determined.
func (r *run) readLogTwice(ctx context.Context, tree smb.Tree, memory *dialfailures.Memory) (m *dialfailures.Memory, count uint32, err error) {
	oneByOne := false
	for read := 1; ; read++ {
		m, count, err = r.readLog(ctx, tree, memory.Clone(), oneByOne)
		unordered := errors.Is(err, msrpc.ErrUnordered)
		if !unordered && !errors.Is(err, errLogChanged) && !errors.Is(err, eventlog.ErrChanged) || read == maxLogReads {
			return m, count, err
		}
		oneByOne = oneByOne || unordered
		r.log.logf("%v; reading it again", err)
	}
}

// readLog adds what is new to the memory, and returns it with the number of records in
// the log. It closes the pipe, and with it the log's handle, at once and without
// waiting for the answer: clearing a log that a program has open can crash
// services.exe (Q159840).
func (r *run) readLog(ctx context.Context, tree smb.Tree, memory *dialfailures.Memory, oneByOne bool) (*dialfailures.Memory, uint32, error) {
	pipe, err := openPipe(ctx, tree, eventlog.PipeName)
	if err != nil {
		return nil, 0, err
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
		return nil, 0, err
	}
	return r.readOpenLog(ctx, log, memory)
}

// readOpenLog is readLog of a log that is open.
func (r *run) readOpenLog(ctx context.Context, log *eventlog.Log, memory *dialfailures.Memory) (*dialfailures.Memory, uint32, error) {
	reader := dialfailures.NewReader(r.target.Module.EventLog, memory, r.bestServerTime(), time.Now())
	end, err := r.readNew(ctx, log, memory, reader)
	if err != nil {
		return nil, 0, err
	}
	memory = reader.Merge(end.Reached)
	memory.Seek = end.Seek
	if end.Bounds == nil && reader.Unchanged() && r.trustsBounds(memory) {
		memory.Trusted++
		r.log.logf("event log: unchanged, %d failures remembered", memory.Len())
		return memory, memory.Count, nil
	}
	if memory.Oldest == 0 && end.Bounds == nil && end.Oldest == nil {
		record, err := log.ReadOldest(ctx)
		if err != nil {
			return nil, 0, err
		}
		end.Oldest = &record
	}
	oldest, count, err := bounds(ctx, log, end)
	if err != nil {
		return nil, 0, err
	}
	memory.Count = count
	if reader.Unchanged() && memory.Trusted < maxTrusted {
		memory.Trusted++
	} else {
		memory.Trusted = 0
	}
	if (count == 0) != (memory.Newest == 0) || count > 0 && (memory.Newest < oldest || memory.Newest > oldest+(count-1)) {
		return nil, 0, fmt.Errorf("%w: newest record %d, and now %d records from %d on", errLogChanged, memory.Newest, count, oldest)
	}
	if count > 0 && memory.Oldest != oldest {
		if end.Oldest == nil {
			record, err := log.ReadOldest(ctx)
			if err != nil {
				return nil, 0, err
			}
			end.Oldest = &record
		}
		memory.Oldest, memory.OldestAt = 0, time.Time{}
		if end.Oldest.Err == nil { // otherwise its time is not known
			memory.Oldest, memory.OldestAt = end.Oldest.Number, end.Oldest.Generated
		}
	}
	r.log.logf("event log: %d records from %d on, %d new ones read, %d failures remembered", count, oldest, reader.RecordsRead(), memory.Len())
	return memory, count, nil
}

// maxTrusted is how many probes in a row may take the number of records and the oldest one
// from the last that asked, while the newest record stays the same.
const maxTrusted = 9

// trustsBounds reports whether an unchanged newest record means that the oldest one did not
// change either: Windows overwrites old records only for new ones, and Samba drops them when
// it likes. A probe on a kept session has no time to ask.
func (r *run) trustsBounds(m *dialfailures.Memory) bool {
	return m.Count > 0 && m.Oldest != 0 && m.Trusted < maxTrusted && (r.onKept || r.isWindows())
}

// readNew passes the records to reader that the memory does not know.
func (r *run) readNew(ctx context.Context, log *eventlog.Log, memory *dialfailures.Memory, reader *dialfailures.Reader) (eventlog.End, error) {
	if memory.Seek && memory.Newest != 0 && memory.Trusted < maxTrusted {
		unchanged, err := log.IsNewest(ctx, memory.Newest, memory.NewestAt)
		if err != nil {
			return eventlog.End{}, err
		}
		if unchanged {
			reader.Add(dialfailures.Record{Number: memory.Newest, Generated: memory.NewestAt})
			return eventlog.End{Seek: true}, nil
		}
	}
	how := eventlog.Reading{
		Seek: memory.Seek, Long: memory.Newest == 0, NewestFirst: r.isWindows(),
		Newest: memory.Newest, NewestAt: memory.NewestAt,
	}
	module := r.target.Module.EventLog
	return log.ReadBackwards(ctx, how, func(record eventlog.Record) bool {
		return reader.Add(dialfailures.Record{
			Number: record.Number, Generated: record.Generated, Source: record.Source, ID: record.Code(), Strings: record.Strings,
			Unreadable: record.Err != nil, MayBeFailure: record.MayBe(module.Source, module.EventID),
		})
	})
}

// bounds returns the number of the oldest record and how many there are. It asks only for
// what reading did not tell.
func bounds(ctx context.Context, log *eventlog.Log, end eventlog.End) (oldest, count uint32, err error) {
	if end.Bounds != nil {
		return end.Bounds.Oldest, end.Bounds.Count, nil
	}
	if end.Oldest != nil && end.Oldest.Err == nil {
		return log.BoundsFrom(ctx, end.Oldest.Number)
	}
	return log.Bounds(ctx)
}

// bestServerTime returns the present time by the server's clock; by our own if the
// server's is not known. It decides how far back the log is read.
func (r *run) bestServerTime() time.Time {
	if s := r.result.Server; s != nil && !s.Time.IsZero() {
		return s.Time.Add(time.Since(s.TimeSeenAt))
	}
	return time.Now()
}

// entryNames returns the names of entries that are known: those that the configuration says
// are dialed, those of the phone book, if it was read, and those that it had.
func (r *run) entryNames() []string {
	dialed, links := r.target.Module.Phonebook.DialedEntries, r.result.Phonebook.Links
	names := append(make([]string, 0, 2*(len(dialed)+len(links))), dialed...)
	for _, l := range links {
		names = append(names, l.Entry)
	}
	names = r.prober.recoveries.appendEntryNames(names, r.result)
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// logFiles are the files of the event logs that every Windows NT has, relative to the
// folder of Windows.
var logFiles = map[string]string{
	"application": `System32\config\AppEvent.Evt`,
	"system":      `System32\config\SysEvent.Evt`,
	"security":    `System32\config\SecEvent.Evt`,
}

// readLogSize reads how large the event log's file is. A failure is not a fault: the log
// may be elsewhere, and Windows Vista has another format.
func (r *run) readLogSize(ctx context.Context, tree smb.Tree) {
	file := logFiles[strings.ToLower(r.target.Module.EventLog.Log)]
	if file == "" || !strings.EqualFold(r.target.Module.Share, smbprobe.AdminShareName) {
		return
	}
	info, err := tree.Stat(ctx, file)
	if err != nil {
		r.log.logf("%s: %v", file, err)
		return
	}
	if !info.Directory {
		r.logSize = &info.Size
	}
}
