package fleet

import (
	"fmt"
	"slices"
	"time"

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

	// history is how much of its past a log has from the start: more than the largest window.
	history = 26 * time.Hour
	// otherInterval is how often something else is logged.
	otherInterval = 30 * time.Minute
)

// diaryPlan says what a server logs.
type diaryPlan struct {
	failures []failures
	every    time.Duration // of other events; 0: 30 minutes
	maxSize  uint32        // bytes of the log; 0: 512 KiB
	keep     uint32        // retention in seconds; 0: overwrite as needed
	history  time.Duration // how far back the log goes at the start; 0: 26 hours
	// stopped is how long ago the last event is; then nothing is logged any more.
	stopped time.Duration
	// renew is after how long the log is cleared and begun anew, for states that time would
	// end: events that become too old. 0: never.
	renew time.Duration
}

// failures are failures to dial that come again and again.
type failures struct {
	entry string
	code  string
	every time.Duration
	// ages, in place of every: so long before the log was begun.
	ages []time.Duration
	// companion says that event 4037 of an access violation comes with each.
	companion bool
}

// diary writes a server's event log as time passes.
type diary struct {
	log      *rpc.EventLog
	computer string // that the events are of
	plan     diaryPlan
	offset   time.Duration // of the server's clock

	begun   time.Time // by our clock
	written time.Time // up to here
}

// newDiary begins a log, with what it has of the past.
func newDiary(log *rpc.EventLog, computer string, p diaryPlan, offset time.Duration, now time.Time) *diary {
	if p.every == 0 {
		p.every = otherInterval
	}
	if p.maxSize == 0 {
		p.maxSize = 512 << 10
	}
	if p.history == 0 {
		p.history = history
	}
	d := &diary{log: log, computer: computer, plan: p, offset: offset}
	log.SetLimits(p.maxSize, p.keep)
	d.begin(now)
	return d
}

// begin writes the log from its beginning.
func (d *diary) begin(now time.Time) {
	d.log.Clear()
	d.begun, d.written = now, now.Add(-d.plan.history)
	d.write(now)
}

// write brings the log up to a time.
func (d *diary) write(now time.Time) {
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

// events are those after one time, up to another, the oldest first.
func (d *diary) events(after, until time.Time) []rpc.Event {
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

// events are what one failure leaves in the log.
func (f failures) events(at time.Time) []rpc.Event {
	var all []rpc.Event
	if f.companion {
		all = append(all, rpc.Event{
			At: at, ID: logonFailure, Type: typeError, Category: 1, Source: mailService, Strings: []string{"0xc0000005"},
		})
	}
	return append(all, rpc.Event{
		At: at, ID: dialFailure, Type: typeError, Category: 1, Source: mailService, Strings: []string{f.entry, f.code},
	})
}

// times are the multiples of an interval after one time, up to another.
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
