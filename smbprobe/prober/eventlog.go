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

	// maxAttempts is how often the log is read where it is cleared or
	// overwritten under the reader.
	maxAttempts = 2
)

// errLogChanged: the log was cleared or overwritten under the reader.
var errLogChanged = errors.New("the event log changed while it was read")

// readEventlog counts the failures to dial. It runs beside the phone book's
// step on the same session. The tree is IPC$.
func (r *run) readEventlog(ctx context.Context, tree smb.Tree) error {
	m := r.target.Module.EventLog
	key := r.logKey()
	memory, err := r.readLogTwice(ctx, tree, r.prober.logs.Get(key))
	if err != nil {
		readable := false
		r.result.Eventlog = smbprobe.EventlogResult{Readable: &readable, Status: smb.StatusOf(err), Error: err.Error()}
		return err
	}
	if r.prober.logs.Put(key, memory) {
		r.prober.forgotten.Add(1)
	}
	readable := true
	e := &r.result.Eventlog
	e.Readable = &readable
	e.Forgotten = memory.Incomplete()
	now, ok := r.serverTime()
	if !ok {
		e.Error = "the server does not say what time it is: the windows are not known"
		return nil
	}
	e.Windows = dialfailures.CountWindows(memory, m.Windows, now)
	e.LastFailures = dialfailures.LastFailures(memory, now)
	e.RelatedEvents = slices.Clone(memory.Related)
	return nil
}

// logKey is what a memory belongs to: change the settings, and the log is read afresh.
func (r *run) logKey() string {
	m := r.target.Module.EventLog
	return fmt.Sprintf("%q %q %q %q %d %s", r.target.Name, r.target.Module.Name, m.Log, m.Source, m.EventID, largestWindow(m.Windows))
}

func largestWindow(windows []smbprobe.Window) time.Duration {
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
func (r *run) readLogTwice(ctx context.Context, tree smb.Tree, memory *dialfailures.Memory) (*dialfailures.Memory, error) {
	oneByOne := false
	for attempt := 1; ; attempt++ {
		read, err := r.readLog(ctx, tree, memory.Clone(), oneByOne)
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
func (r *run) readLog(ctx context.Context, tree smb.Tree, memory *dialfailures.Memory, oneByOne bool) (*dialfailures.Memory, error) {
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
	reader := dialfailures.NewReader(r.target.Module.EventLog, memory, r.windowStart())
	end, err := log.ReadBackwards(ctx, func(record eventlog.Record) bool {
		return reader.Add(dialfailures.Record{
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
	memory = reader.Merge(end.Reached)
	if (count == 0) != (memory.Newest == 0) || count > 0 && (memory.Newest < oldest || memory.Newest > oldest+(count-1)) {
		return nil, fmt.Errorf("%w: newest record %d, and now %d records from %d on", errLogChanged, memory.Newest, count, oldest)
	}
	if count > 0 && memory.Oldest != oldest {
		if end.Oldest == nil {
			record, err := log.ReadOldest(ctx)
			if err != nil {
				return nil, err
			}
			end.Oldest = &record
		}
		memory.Oldest, memory.OldestAt = end.Oldest.Number, end.Oldest.Generated
	}
	r.recordBounds(memory, count)
	r.log.logf("event log: %d records from %d on, %d new ones read, %d failures remembered", count, oldest, reader.RecordsRead(), memory.Len())
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

func (r *run) recordBounds(m *dialfailures.Memory, count uint32) {
	records := int(count)
	e := &r.result.Eventlog
	*e = smbprobe.EventlogResult{Records: &records}
	if count > 0 {
		oldest, newest := m.OldestAt, m.NewestAt
		e.Oldest, e.Newest = &oldest, &newest
	}
}

// logFile returns where a server keeps one of the three event logs that every Windows has,
// relative to its own folder; "" for another log.
func logFile(log string) string {
	for name, file := range map[string]string{"Application": "AppEvent.Evt", "System": "SysEvent.Evt", "Security": "SecEvent.Evt"} {
		if strings.EqualFold(log, name) {
			return `System32\config\` + file
		}
	}
	return ""
}

// readLogSize asks how large the event log's file is. That it cannot be asked is no
// fault: the log may lie elsewhere, and Windows Vista has another format.
func (r *run) readLogSize(ctx context.Context, tree smb.Tree) {
	file := logFile(r.target.Module.EventLog.Log)
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
