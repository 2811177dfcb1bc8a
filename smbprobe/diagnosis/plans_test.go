package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/dialfailures"
)

// plan is a schedule of calls, and what goes wrong with it. Times are in minutes from the start.
type plan struct {
	schedule string
	days     int
	from, to float64 // calls fail from..to; to 0: until the end
	share    float64 // of calls that fail meanwhile; 0: all
	burst    int     // events that a call leaves, a minute apart; 0: one
	extra    []float64

	cleared []int           // when the log was cleared
	jumps   map[int]float64 // by how much the server's clock was set, and when
	seed    uint64          // of what is left to chance
	every   int             // between probes; 0: 10
}

// events returns the events that calls leave.
func (p *plan) events() []float64 {
	chance := rand.New(rand.NewPCG(p.seed, 0))
	var all []float64
	for _, at := range schedules[p.schedule](p.days) {
		at += chance.Float64()*0.8 - 0.4
		failed := at >= p.from && (p.to == 0 || at < p.to) && (p.share == 0 || chance.Float64() < p.share)
		for b := 0; failed && b < max(p.burst, 1); b++ {
			all = append(all, at+float64(b))
		}
	}
	all = append(all, p.extra...)
	slices.Sort(all)
	return all
}

func span(minutes float64) time.Duration { return time.Duration(minutes * float64(time.Minute)) }

// server is a server's log and clock while time passes.
type server struct {
	offset  float64 // of the clock, in minutes
	log     []dialfailures.Record
	number  uint32
	current int // of the events, the first that is not logged yet
}

// clock returns what the server's clock shows.
func (s *server) clock(minute float64) time.Time {
	return probedAt().Add(span(minute + s.offset)).Truncate(time.Second)
}

// pass logs the events up to a minute.
func (s *server) pass(events []float64, minute float64) {
	for ; s.current < len(events) && events[s.current] <= minute; s.current++ {
		s.number++
		s.log = append(s.log, dialfailures.Record{
			Number: s.number, Generated: s.clock(events[s.current]), Source: mailService, ID: 4106, Strings: []string{"Provider", "676"},
		})
	}
}

// logModule is what a probe reads of a server's log.
func logModule() smbprobe.EventLogModule {
	return smbprobe.EventLogModule{Log: "Application", Source: mailService, EventID: 4106, Windows: []smbprobe.Window{
		{Label: "15m", Duration: 15 * time.Minute}, {Label: "24h", Duration: 24 * time.Hour},
	}}
}

// read reads what is new in the log, as a probe at a minute does.
func (s *server) read(memory *dialfailures.Memory, now float64) *dialfailures.Memory {
	reader := dialfailures.NewReader(logModule(), memory.Clone(), s.clock(now), probedAt().Add(span(now)))
	reached := true
	for i := len(s.log) - 1; i >= 0; i-- {
		if !reader.Add(s.log[i]) {
			reached = i == 0
			break
		}
	}
	return reader.Merge(reached)
}

// judge returns what the diagnosis makes of what was read.
func (s *server) judge(memory *dialfailures.Memory, now float64) (v verdictAt) {
	r := &smbprobe.Result{Started: probedAt().Add(span(now)), ClockOffset: new(span(s.offset))}
	summary := memory.Summarize(logModule().Windows, s.clock(now), nil)
	r.Eventlog.Windows, r.Eventlog.LastFailures, r.Eventlog.Calls = summary.Windows, summary.LastFailures, summary.Calls
	for _, f := range dialFailures(r) {
		v.ongoing, v.unbroken = v.ongoing || f.ongoing(), v.unbroken || f.unbroken()
	}
	return v
}

func (s *server) clear() { s.log, s.number = nil, 0 }

// verdictAt is what the diagnosis makes of calls at one minute.
type verdictAt struct{ ongoing, unbroken bool }

// play lets time pass and probes, and returns what the diagnosis and the reference make of
// the events that were read at each probe.
func (p *plan) play(t *testing.T) (minutes []float64, got, want []verdictAt) {
	events := p.events()
	var s server
	var read []float64 // the events that the exporter read
	unread := 0
	memory := new(dialfailures.Memory)
	for m := 0; m < p.days*1440; m += cmp.Or(p.every, 10) {
		now := float64(m)
		s.pass(events, now)
		memory = s.read(memory, now)
		read = append(read, events[unread:s.current]...)
		unread = s.current

		minutes, got, want = append(minutes, now), append(got, s.judge(memory, now)), append(want, reference(read, now))

		if slices.Contains(p.cleared, m) {
			s.clear()
		}
		s.offset += p.jumps[m]
	}
	if len(minutes) == 0 {
		t.Fatal("no probe")
	}
	return minutes, got, want
}

// reference is the rules of evidence as a person would write them down, from the events that
// were read, without a memory that is pruned, moved and merged.
func reference(read []float64, now float64) verdictAt {
	type call struct{ start, end float64 }
	var calls []call
	for _, e := range read {
		e = math.Floor(e*60) / 60 // the log has seconds
		if e > now || now-e > 7*1440 {
			continue
		}
		if n := len(calls); n > 0 && e-calls[n-1].start < 4 {
			calls[n-1].end = e
		} else {
			calls = append(calls, call{e, e})
		}
	}
	if len(calls) == 0 {
		return verdictAt{}
	}
	last := calls[len(calls)-1]
	since := now - last.end
	var gaps []float64 // the newest first
	for i := len(calls) - 1; i > 0; i-- {
		gaps = append(gaps, calls[i].start-calls[i-1].start)
	}
	median := func(gaps []float64) float64 {
		sorted := slices.Sorted(slices.Values(gaps))
		return sorted[(len(sorted)-1)/2]
	}
	v := verdictAt{ongoing: since <= 15}
	switch {
	case len(calls) == 2:
		v.ongoing = v.ongoing || gaps[0] <= 120 && since <= 1.5*gaps[0]
	case len(calls) > 2:
		wait := 1.5 * median(gaps[:min(len(gaps), 5)])
		if wait <= 1.5*30 {
			wait = max(wait, 30)
		}
		v.ongoing = v.ongoing || since <= min(wait, 8*60)
	}
	var sorted []float64
	for n := 1; v.ongoing && n <= min(len(gaps), 299); n++ {
		at, _ := slices.BinarySearch(sorted, gaps[n-1])
		sorted = slices.Insert(sorted, at, gaps[n-1])
		if n < 5 {
			continue
		}
		if sorted[n-1] > max(1.5*sorted[(n-1)/2], 20) {
			break
		}
		v.unbroken = v.unbroken || last.end-calls[len(calls)-1-n].start >= 6*60
	}
	return v
}

// runs describes what a verdict does over time: when it begins, after the first event; how
// often it begins; how long it lasts after the last event.
type runs struct {
	after, pages, afterLast float64
	missed                  float64 // share of the time between first and last event without it
}

func runsOf(minutes []float64, verdicts []bool, first, last float64) runs {
	r := runs{after: -1}
	during, without := 0, 0
	for i, v := range verdicts {
		switch at := minutes[i]; {
		case v && (i == 0 || !verdicts[i-1]):
			r.pages++
			if r.after < 0 {
				r.after = at - first
			}
			fallthrough
		case v && at > last:
			r.afterLast = max(r.afterLast, at-last)
		}
		if minutes[i] > first && minutes[i] <= last {
			during++
			if !v {
				without++
			}
		}
	}
	r.missed = float64(without) / float64(max(during, 1))
	return r
}

// TestPlans: how soon failures are seen, how often they begin again, and how soon they end, of
// schedules as they are met, with clocks that are set and logs that are cleared.
func TestPlans(t *testing.T) {
	t.Parallel()
	const day, never = 1440, -1
	type limits struct{ after, pages, afterLast, missed float64 } // at most; after never: it does not begin
	for _, test := range []struct {
		name     string
		plan     plan
		ongoing  limits
		unbroken limits
	}{
		{"every 5 minutes, repaired", plan{schedule: "every 5 minutes", days: 2, from: 360, to: 1900}, limits{10, 1, 30, 0}, limits{370, 1, 30, 1}},
		{"bursts of three events", plan{schedule: "every 5 minutes", days: 1, burst: 3, from: 360}, limits{10, 1, 30, 0}, limits{370, 1, 30, 1}},
		{"every 5 minutes, log cleared twice", plan{schedule: "every 5 minutes", days: 1, cleared: []int{500, 900}}, limits{10, 1, 30, 0}, limits{370, 1, 30, 1}},
		// By chance, six calls may be as regular as those of a line that is dead.
		{"every 5 minutes, half fail", plan{schedule: "every 5 minutes", days: 3, share: 0.5, seed: 1}, limits{10, 12, 30, 0.05}, limits{400, 1, 30, 0.999}},
		{"every 5 minutes, a tenth fails", plan{schedule: "every 5 minutes", days: 4, share: 0.1, seed: 1}, limits{10, 70, 200, 0.5}, limits{1610, 1, 30, 0.999}},
		{"hourly", plan{schedule: "hourly", days: 3, from: 360}, limits{10, 2, 90, 0.03}, limits{430, 1, 90, 0.12}},
		{"hourly, repaired", plan{schedule: "hourly", days: 5, from: 360, to: 3367}, limits{10, 2, 90, 0.03}, limits{430, 1, 90, 0.15}},
		{"hourly, few fail", plan{schedule: "hourly", days: 5, share: 0.04, seed: 3}, limits{10, 8, 480, 1}, limits{never, 0, 0, 1}},
		{"hourly, log cleared", plan{schedule: "hourly", days: 3, cleared: []int{1830}}, limits{10, 2, 90, 0.03}, limits{430, 1, 90, 0.12}},
		{"hourly, clock set ahead", plan{schedule: "hourly", days: 3, jumps: map[int]float64{1830: 60}}, limits{10, 2, 90, 0.03}, limits{430, 1, 90, 0.12}},
		{"hourly, clock set back", plan{schedule: "hourly", days: 3, jumps: map[int]float64{1830: -180}}, limits{10, 2, 90, 0.03}, limits{430, 1, 90, 0.12}},
		{"four-hourly", plan{schedule: "four-hourly", days: 5, from: 360}, limits{10, 3, 360, 0.2}, limits{1215, 1, 360, 0.4}},
		{"four-hourly, log cleared and clock set", plan{schedule: "four-hourly", days: 5, cleared: []int{2890}, jumps: map[int]float64{4320: 120}}, limits{10, 3, 360, 0.2}, limits{1215, 1, 360, 0.4}},
		{"business hours", plan{schedule: "business hours", days: 8, from: 360}, limits{10, 20, 90, 0.8}, limits{430, 8, 90, 1}},
		{"business hours, repaired at night", plan{schedule: "business hours", days: 5, from: 360, to: 2*day + 1200}, limits{10, 8, 90, 0.8}, limits{430, 3, 90, 1}},
		{"nightly", plan{schedule: "nightly", days: 8}, limits{10, 8, 480, 0.8}, limits{5*day + 10, 3, 480, 1}},
		{"three at night, one in the evening", plan{schedule: "every 5 minutes", days: 2, from: 2 * day, extra: []float64{120, 125.2, 130.4, 1200}}, limits{10, 2, 30, 1}, limits{never, 0, 0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			minutes, got, want := test.plan.play(t)
			events := test.plan.events()
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("minute %g: %+v, by the reference %+v", minutes[i], got[i], want[i])
				}
			}
			check := func(what string, limit limits, of func(verdictAt) bool) {
				verdicts := make([]bool, len(got))
				for i, v := range got {
					verdicts[i] = of(v)
				}
				r := runsOf(minutes, verdicts, events[0], events[len(events)-1])
				if r.after < 0 != (limit.after == never) || r.after > limit.after && limit.after != never || r.pages > limit.pages || r.afterLast > limit.afterLast || r.missed > limit.missed {
					t.Errorf("%s: %+v, want at most %+v", what, r, limit)
				}
			}
			check("ongoing", test.ongoing, func(v verdictAt) bool { return v.ongoing })
			check("unbroken", test.unbroken, func(v verdictAt) bool { return v.unbroken })
		})
	}
}

// TestRandomPlans: whatever the schedule, and whatever happens to clock and log, the diagnosis
// agrees with the rules written down plainly.
func TestRandomPlans(t *testing.T) {
	t.Parallel()
	const plans = 30
	kinds := []string{"every 5 minutes", "half-hourly", "hourly", "four-hourly", "nightly", "business hours"}
	for seed := range uint64(plans) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			chance := rand.New(rand.NewPCG(seed, 1))
			p := plan{
				schedule: kinds[chance.IntN(len(kinds))], days: 2 + chance.IntN(3), seed: seed, burst: chance.IntN(4), every: 15 + chance.IntN(20),
				from: float64(chance.IntN(900)), share: []float64{0, 0, 0.9, 0.5, 0.1}[chance.IntN(5)], jumps: map[int]float64{},
			}
			if p.schedule == "every 5 minutes" {
				p.burst = min(p.burst, 3)
			}
			if chance.IntN(2) == 0 {
				p.to = p.from + float64(chance.IntN(3000))
			}
			probe := func() int { return p.every * chance.IntN(p.days*1440/p.every) }
			for range chance.IntN(3) {
				p.cleared = append(p.cleared, probe())
			}
			for range chance.IntN(3) {
				p.jumps[probe()] = float64(chance.IntN(600) - 300)
			}
			minutes, got, want := p.play(t)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("minute %g: %+v, by the reference %+v\n%+v", minutes[i], got[i], want[i], p)
				}
			}
		})
	}
}
