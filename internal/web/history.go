package web

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// maxOthers is how many results are remembered of what the configuration does
	// not list: single ports, other modules than a target's first, and what it listed before a
	// reload.
	maxOthers = 1000
	// maxOutcomes is how many outcomes of a target are remembered.
	maxOutcomes = 120
	// maxChanges and maxFailures are how many whole results of a target are kept besides the
	// last one: those that differ from the one before, and those that are not OK.
	maxChanges  = 5
	maxFailures = 10
)

// outcome is what is remembered of each probe: 16 bytes.
type outcome struct {
	started int64  // milliseconds since 1970
	took    uint32 // microseconds
	cause   uint16 // that explains most and is more than information; see causeNumbers
	state   state
	share   uint8 // index of smbprobe.ShareStates
}

func (o outcome) startTime() time.Time { return time.UnixMilli(o.started).UTC() }

func (o outcome) duration() time.Duration { return time.Duration(o.took) * time.Microsecond }

// key identifies the probe of a target and module; no two begin in the same millisecond.
func (o outcome) key() int64 { return o.started }

func newOutcome(r *smbprobe.Result) outcome {
	o := outcome{
		started: r.Started.UnixMilli(), took: uint32(min(max(0, r.Duration.Microseconds()), math.MaxUint32)),
		state: verdictState(r.Verdict()), share: uint8(max(0, slices.Index(smbprobe.ShareStates(), r.Share))),
	}
	if len(r.Causes) > 0 && r.Causes[0].Severity != smbprobe.SeverityInfo {
		o.cause = causeNumbers[r.Causes[0].Name]
	}
	return o
}

// record is what is remembered of a target and module.
type record struct {
	result   *smbprobe.Result // of the last probe
	change   bool             // it differs from the one before
	thinned  bool             // its details are not kept, see thin
	outlined bool             // nor is what conclude adds
	size     int              // bytes of result
	since    time.Time        // when the first result came of the states and the verdict that still hold
	outcomes []outcome        // the oldest first; at most maxOutcomes
	kept     []*kept          // the oldest first; not the last result
	version  uint64           // changes with each probe
}

// snapshot is a copy of a record that does not change.
type snapshot struct {
	record
	staleAfter time.Duration // from the start of the last probe
}

// history remembers the last result of each target and module, the outcomes of the ones before,
// and whole results of some. The number of targets is bounded by the hosts that the
// configuration lists and maxOthers, and the results by limit.
type history struct {
	hosts func() []config.Host
	limit int // bytes of all records

	mu      sync.Mutex
	records map[flightKey]*record
	maximum int  // how many records there may be before the others in it are counted
	size    int  // bytes of all records
	shrunk  int  // size after the last shrink, if it was not enough to leave room
	crowded bool // the last results alone took more than the limit: failures that are no changes are not kept
	version uint64

	packers *sync.Pool
}

// newHistory returns a history of so many bytes.
func newHistory(limit int, hosts func() []config.Host) *history {
	return &history{hosts: hosts, limit: limit, records: map[flightKey]*record{}, maximum: maxOthers, packers: newPackers()}
}

// add remembers a result as the last one. The one before is kept if it is a change or a failure.
func (h *history) add(r *smbprobe.Result) {
	for _, k := range h.replace(r) {
		h.pack(k)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shrink()
}

// replace makes a result the last one, and returns those before that are to be packed.
func (h *history) replace(result *smbprobe.Result) []*kept {
	size := sizeOf(result)
	h.mu.Lock()
	defer h.mu.Unlock()
	key := flightKey{result.Target, result.Module}
	r := h.records[key]
	h.version++
	if r == nil {
		r = &record{since: result.Started}
		h.records[key] = r
		h.size += recordSize
	} else {
		h.size -= r.size
		h.keep(r)
		if r.change = !alike(r.result, result); r.change {
			r.since = result.Started
		}
	}
	r.result, r.size, r.thinned, r.outlined, r.version = result, size, false, false, h.version
	r.outcomes = append(r.outcomes, newOutcome(result))
	if n := len(r.outcomes) - maxOutcomes; n > 0 {
		r.outcomes = slices.Delete(r.outcomes, 0, n)
	}
	h.size += size
	if len(h.records) > h.maximum {
		h.forget()
	}
	return h.unpacked(r)
}

// alike reports whether two results have the same states and the same verdict.
func alike(a, b *smbprobe.Result) bool {
	return a.Share == b.Share && a.Phonebook.State == b.Phonebook.State && a.Verdict() == b.Verdict()
}

// forget drops the oldest of what is not listed, some more than it must, so that
// the next call is a while away. The caller holds mu.
func (h *history) forget() {
	listed := map[flightKey]bool{}
	for _, host := range h.hosts() {
		listed[flightKey{host.Name, host.Module}] = true
	}
	var others []flightKey
	for key := range h.records {
		if !listed[key] {
			others = append(others, key)
		}
	}
	slices.SortFunc(others, func(a, b flightKey) int {
		return h.records[a].result.Started.Compare(h.records[b].result.Started)
	})
	excess := max(0, len(others)-maxOthers*9/10)
	for _, key := range others[:excess] {
		r := h.records[key]
		h.size -= recordSize + r.size
		for _, k := range r.kept {
			h.size -= k.size()
		}
		delete(h.records, key)
	}
	kept := len(others) - excess
	h.maximum = len(h.records) - kept + maxOthers
}

// get returns what is remembered of one target and module, with all that there is to say of the
// causes.
func (h *history) get(key flightKey) (s snapshot, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.records[key]
	if r == nil {
		return snapshot{}, false
	}
	s = snapshot{record: *r, staleAfter: staleAfter(r.outcomes)}
	s.outcomes, s.kept = slices.Clone(r.outcomes), slices.Clone(r.kept)
	s.result, s.outlined = conclude(r.result, r.outlined), false
	return s, true
}

// latest returns the last outcomes of a target and module, n at most.
func (h *history) latest(key flightKey, n int) []outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.records[key]
	if r == nil {
		return nil
	}
	return slices.Clone(r.outcomes[max(0, len(r.outcomes)-n):])
}

// all returns what is remembered of each target and module, without outcomes and kept results.
func (h *history) all() map[flightKey]snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[flightKey]snapshot, len(h.records))
	for key, r := range h.records {
		s := snapshot{record: *r, staleAfter: staleAfter(r.outcomes)}
		s.outcomes, s.kept = nil, nil
		all[key] = s
	}
	return all
}

// keys returns the targets and modules of which something is remembered.
func (h *history) keys() []flightKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.records))
}

// When the last result counts as stale: nothing is known any more of what it shows.
const (
	staleGaps    = 3               // median gaps without a probe
	staleAtLeast = time.Minute     // however short they are
	staleAtFirst = 5 * time.Minute // before there are three probes
	staleOf      = 10              // how many gaps the median is of
)

// staleAfter returns how long after the start of the last probe its result is stale: three
// times the median of the last ten gaps between probes.
func staleAfter(outcomes []outcome) time.Duration {
	if len(outcomes) < 3 {
		return staleAtFirst
	}
	var gaps []int64
	for i := len(outcomes) - 1; i > 0 && len(gaps) < staleOf; i-- {
		gaps = append(gaps, outcomes[i].started-outcomes[i-1].started)
	}
	slices.Sort(gaps)
	n := len(gaps)
	median := time.Duration(gaps[(n-1)/2]+gaps[n/2]) * time.Millisecond / 2
	return max(staleGaps*median, staleAtLeast)
}
