package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

const (
	logName     = "Application"
	mailService = "MSExchangeIMC"

	typeError       = 1
	typeInformation = 4

	dialFailure  = 0xC000100A // event 4106, "The dial-up connection ... could not be made"
	logonFailure = 0xC0000FC5 // event 4037, which may come with it
	otherEvent   = 0x400004C5 // event 1221 of the information store

	// history is how far back a new log goes: more than the largest window.
	history = 26 * time.Hour
	// otherInterval is the interval of other events.
	otherInterval = 30 * time.Minute
)

// logPlan describes what a server logs.
type logPlan struct {
	failures []failures
	every    time.Duration // of other events; 0: 30 minutes
	maxSize  uint32        // bytes of the log; 0: 512 KiB
	keep     uint32        // retention in seconds; 0: overwrite as needed
	history  time.Duration // how far back the log goes at the start; 0: 26 hours
	stopped  time.Duration // age of the last event, after which nothing is logged; 0: logging goes on
	renew    time.Duration // interval of clearing and rewriting the log before its events get too old; 0: never
}

// failures are repeated failures to dial.
type failures struct {
	entry   string
	code    string
	every   time.Duration
	ages    []time.Duration // before the log was begun; instead of every
	related bool            // each comes with event 4037, of an access violation
}

// logWriter writes a server's event log as time passes.
type logWriter struct {
	log      *rpc.EventLog
	computer string
	plan     logPlan
	offset   time.Duration // of the server's clock

	begun   time.Time // by the fleet's clock, as written
	written time.Time // all events up to here are in the log
}

// newLogWriter begins a log, with what it has of the past.
func newLogWriter(log *rpc.EventLog, computer string, p logPlan, offset time.Duration, now time.Time) *logWriter {
	if p.every == 0 {
		p.every = otherInterval
	}
	if p.maxSize == 0 {
		p.maxSize = 512 << 10
	}
	if p.history == 0 {
		p.history = history
	}
	d := &logWriter{log: log, computer: computer, plan: p, offset: offset}
	log.SetLimits(p.maxSize, p.keep)
	d.begin(now)
	return d
}

// begin clears the log and writes its history.
func (d *logWriter) begin(now time.Time) {
	d.log.Clear()
	d.begun, d.written = now, now.Add(-d.plan.history)
	d.write(now)
}

// write logs the events up to a time.
func (d *logWriter) write(now time.Time) {
	if d.plan.renew > 0 && now.Sub(d.begun) >= d.plan.renew {
		d.begin(now)
		return
	}
	until := now
	if d.plan.stopped > 0 {
		until = d.begun.Add(-d.plan.stopped)
	}
	if !until.After(d.written) {
		return
	}
	for _, e := range d.events(d.written, until) {
		e.At, e.Computer = e.At.Add(d.offset), d.computer
		d.log.Add(e)
	}
	d.written = until
}

// events returns those after one time and not after another, the oldest first.
func (d *logWriter) events(after, until time.Time) []rpc.Event {
	var all []rpc.Event
	for _, at := range times(d.plan.every, after, until) {
		all = append(all, rpc.Event{
			At: at, ID: otherEvent, Type: typeInformation, Category: 6, Source: "MSExchangeIS Private",
			Strings: []string{fmt.Sprint(at.Unix() / 60 % 97)},
		})
	}
	for _, f := range d.plan.failures {
		at := times(f.every, after, until)
		for _, age := range f.ages {
			if t := d.begun.Add(-age); t.After(after) && !t.After(until) {
				at = append(at, t)
			}
		}
		for _, t := range at {
			all = append(all, f.events(t)...)
		}
	}
	slices.SortStableFunc(all, func(a, b rpc.Event) int { return a.At.Compare(b.At) })
	return all
}

// events returns what one failure leaves in the log.
func (f failures) events(at time.Time) []rpc.Event {
	var all []rpc.Event
	if f.related {
		all = append(all, rpc.Event{
			At: at, ID: logonFailure, Type: typeError, Category: 1, Source: mailService, Strings: []string{"0xc0000005"},
		})
	}
	return append(all, rpc.Event{
		At: at, ID: dialFailure, Type: typeError, Category: 1, Source: mailService, Strings: []string{f.entry, f.code},
	})
}

// times returns the multiples of an interval after one time and not after another.
func times(interval time.Duration, after, until time.Time) []time.Time {
	var all []time.Time
	if interval <= 0 {
		return nil
	}
	for t := after.Truncate(interval).Add(interval); !t.After(until); t = t.Add(interval) {
		all = append(all, t)
	}
	return all
}

// stepInterval is the interval of Change's steps.
const stepInterval = 5 * time.Second

// Change lets time pass on servers until ctx ends: they log events, and some change their
// state.
func Change(ctx context.Context, servers []Server, now func() time.Time) {
	ticker := time.NewTicker(stepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			Step(servers, now())
		case <-ctx.Done():
			return
		}
	}
}

// Step brings servers to their state at a time, which is not before that of the last call. It
// is not safe for concurrent use.
func Step(servers []Server, now time.Time) {
	for _, s := range servers {
		s.log.write(now)
		if s.later != nil {
			s.later(now)
		}
	}
}

const (
	// shareTurn is how long flapShare leaves the share as it is.
	shareTurn = 3 * time.Minute
	// phonebookTurn is the interval at which rewritePhonebook writes.
	phonebookTurn = 2 * time.Minute
)

// flapShare removes the share and restores it in turn.
func flapShare(h *simnt.Host, begun time.Time) func(time.Time) {
	there := true
	return func(now time.Time) {
		want := now.Sub(begun)/shareTurn%2 == 0
		switch {
		case there && !want:
			h.RemoveShare(adminShare)
		case !there && want:
			h.RestoreShare(adminShare)
		}
		there = want
	}
}

// rewritePhonebook writes the phone book with one and with two entries in turn.
func rewritePhonebook(h *simnt.Host, begun time.Time) func(time.Time) {
	var written time.Duration
	return func(now time.Time) {
		turn := now.Sub(begun) / phonebookTurn
		if turn == written {
			return
		}
		written = turn
		entries := []string{entryName}
		if turn%2 == 1 {
			entries = append(entries, spareEntryName)
		}
		h.WriteFile(phonebookPath, phonebook(entries...), now)
	}
}
