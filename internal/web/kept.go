package web

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// kept is a whole result that is not the last one any more.
type kept struct {
	outcome
	change  bool // it differs from the one before
	failure bool // it is not OK

	// One of the two is there, until the result is dropped.
	result *smbprobe.Result // until it is packed
	packed []byte

	content int // bytes of the one that is there
}

// Bytes that are counted: of a record without its results, and of a kept one without its content.
const (
	recordSize = 400 + maxOutcomes*16
	keptSize   = 120
)

// What is not looked into: every time refers to a location, which all of them share, and
// traceSize looks at the trace, the longest part of a result, without the cost of reflection.
var (
	timeType  = reflect.TypeFor[time.Time]()
	traceType = reflect.TypeFor[smbprobe.Trace]()
)

func (k *kept) size() int { return keptSize + k.content }

// keep adds the last result of a record to those that are kept if it is a change or a failure,
// and drops those that are too many. The caller holds mu.
func (h *history) keep(r *record) {
	last := &kept{outcome: newOutcome(r.result), change: r.change, result: r.result, content: r.size}
	last.failure = last.state != stateOK
	if !last.change && (!last.failure || h.crowded) {
		return
	}
	r.kept = append(r.kept, last)
	h.size += last.size()
	changes, failures := 0, 0
	r.kept = deleteBackwards(r.kept, func(k *kept) bool {
		if k.change {
			changes++
		}
		if k.failure {
			failures++
		}
		if k.change && changes <= maxChanges || k.failure && failures <= maxFailures {
			return false
		}
		h.size -= k.size()
		return true
	})
}

// unpacked returns the results of a record that are to be packed: none while half of the limit
// is free, because packing costs as much as a probe. The caller holds mu.
func (h *history) unpacked(r *record) (all []*kept) {
	if h.size <= h.limit/2 {
		return nil
	}
	for _, k := range r.kept {
		if k.result != nil {
			all = append(all, k)
		}
	}
	return all
}

// deleteBackwards is slices.DeleteFunc that begins at the end.
func deleteBackwards(all []*kept, drop func(*kept) bool) []*kept {
	left := make([]*kept, 0, len(all))
	for _, k := range slices.Backward(all) {
		if !drop(k) {
			left = append(left, k)
		}
	}
	slices.Reverse(left)
	return left
}

// shrink drops results until all records together are within the limit: first those that are
// changes alone, then failures, the oldest first. If that is not enough, last results are
// thinned. It goes through all records: if they do not get small enough, it waits until they
// are larger by a tenth of the limit. The caller holds mu.
func (h *history) shrink() {
	if h.size <= max(h.limit, h.shrunk+h.limit/10) {
		return
	}
	defer func() {
		if h.shrunk = h.size; h.shrunk <= h.limit*9/10 {
			h.shrunk = 0
		}
	}()
	type place struct {
		record *record
		kept   *kept
	}
	var places []place
	for _, r := range h.records {
		for _, k := range r.kept {
			places = append(places, place{r, k})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.kept.failure != b.kept.failure {
			if b.kept.failure {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.kept.started, b.kept.started)
	})
	drop := map[*kept]bool{}
	changed := map[*record]bool{}
	for _, p := range places {
		if h.size <= h.limit*9/10 { // some more, so that the next call is a while away
			break
		}
		h.size -= p.kept.size()
		drop[p.kept], changed[p.record] = true, true
	}
	for r := range changed {
		r.kept = slices.DeleteFunc(slices.Clone(r.kept), func(k *kept) bool { return drop[k] })
	}
	if h.crowded = h.size > h.limit; h.crowded {
		h.thinLast()
	}
}

// thinLast thins last results, the oldest first, until all records together are within the
// limit. The caller holds mu.
func (h *history) thinLast() {
	var whole []*record
	for _, r := range h.records {
		if !r.thinned {
			whole = append(whole, r)
		}
	}
	slices.SortFunc(whole, func(a, b *record) int { return a.result.Started.Compare(b.result.Started) })
	for _, r := range whole {
		if h.size <= h.limit*9/10 {
			return
		}
		h.size -= r.size
		r.result, r.outlined = thin(r.result)
		r.thinned = true
		r.size = sizeOf(r.result)
		h.size += r.size
	}
}

// thin returns a result without the parts that may be long: trace, phone book and single events.
// outlined reports that it is also without what conclude adds again.
func thin(r *smbprobe.Result) (short *smbprobe.Result, outlined bool) {
	short = new(*r)
	short.Trace = nil
	short.Phonebook.Text, short.Phonebook.TextTruncated = "", false
	short.Eventlog.Latest, short.Eventlog.RelatedEvents = nil, nil
	if len(r.Eventlog.RelatedEvents) > 0 || len(r.Causes)+len(r.RuledOut) == 0 {
		return short, false // such events are evidence
	}
	short.RuledOut, short.Causes = nil, slices.Clone(r.Causes)
	for i := range short.Causes {
		c := &short.Causes[i]
		c.Evidence, c.Explanation, c.Remedy = nil, "", nil
	}
	return short, true
}

// conclude returns a result that thin made, with all that there is to say of its causes.
func conclude(r *smbprobe.Result, outlined bool) *smbprobe.Result {
	if !outlined {
		return r
	}
	whole := *r
	causes, excluded := diagnosis.Diagnose(r)
	whole.Causes, whole.RuledOut = slices.Clone(r.Causes), excluded
	for i, outline := range whole.Causes {
		if j := slices.IndexFunc(causes, func(c smbprobe.Cause) bool { return c.Name == outline.Name }); j >= 0 {
			whole.Causes[i] = causes[j]
		}
	}
	return &whole
}

// packer compresses results.
type packer struct {
	buffer bytes.Buffer
	flate  *flate.Writer
}

func newPackers() *sync.Pool {
	return &sync.Pool{New: func() any {
		p := &packer{}
		p.flate, _ = flate.NewWriter(&p.buffer, flate.BestSpeed) // the level is a valid one
		return p
	}}
}

// pack compresses a result that is kept. One that cannot be packed stays as an outcome only.
func (h *history) pack(k *kept) {
	h.mu.Lock()
	result := k.result
	h.mu.Unlock()
	if result == nil {
		return
	}
	p := h.packers.Get().(*packer)
	defer h.packers.Put(p)
	p.buffer.Reset()
	p.flate.Reset(&p.buffer)
	err := json.NewEncoder(p.flate).Encode(result)
	if err == nil {
		err = p.flate.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.records[flightKey{result.Target, result.Module}]
	if r == nil || k.result == nil || !slices.Contains(r.kept, k) {
		return // dropped or packed meanwhile
	}
	h.size -= k.size()
	k.result = nil
	if err != nil {
		r.kept = slices.DeleteFunc(slices.Clone(r.kept), func(other *kept) bool { return other == k })
		return
	}
	k.packed = bytes.Clone(p.buffer.Bytes())
	k.content = len(k.packed)
	h.size += k.size()
}

// find returns the result of an earlier probe, nil if it is not kept.
func (h *history) find(key flightKey, probe int64) (*smbprobe.Result, error) {
	h.mu.Lock()
	r := h.records[key]
	if r == nil {
		h.mu.Unlock()
		return nil, nil
	}
	result := r.result
	var packed []byte
	if newOutcome(result).key() != probe {
		result = nil
		for _, k := range r.kept {
			if k.key() == probe {
				result, packed = k.result, k.packed
			}
		}
	}
	h.mu.Unlock()
	if result != nil || packed == nil {
		return result, nil
	}
	result = &smbprobe.Result{}
	if err := json.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(result); err != nil && err != io.EOF {
		return nil, fmt.Errorf("the kept result of %s from %s: %w", key.target, outcome{started: probe}.startTime(), err)
	}
	return result, nil
}

// sizeOf estimates the bytes that a result takes. Texts that results share count for each.
func sizeOf(r *smbprobe.Result) int {
	v := reflect.ValueOf(r).Elem()
	return int(v.Type().Size()) + indirectSize(v) + traceSize(r.Trace)
}

// traceSize is the bytes that a trace takes.
func traceSize(t smbprobe.Trace) int {
	n := cap(t) * int(traceType.Elem().Size())
	for i := range t {
		e := &t[i].Event
		n += len(e.Text)
		for _, arg := range e.Args {
			n += argumentSize
			switch arg := arg.(type) {
			case nil, int, uint16, uint32:
			case string:
				n += len(arg)
			default:
				n += indirectSize(reflect.ValueOf(arg))
			}
		}
	}
	return n
}

// argumentSize is the bytes of an argument of an event and of the value in it, a text as a rule.
const argumentSize = 32

// indirectSize is the bytes that a value refers to.
func indirectSize(v reflect.Value) int {
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int(v.Elem().Type().Size()) + indirectSize(v.Elem())
	case reflect.Slice:
		if v.Type() == traceType {
			return 0
		}
		n := v.Cap() * int(v.Type().Elem().Size())
		if flat(v.Type().Elem().Kind()) {
			return n
		}
		for i := range v.Len() {
			n += indirectSize(v.Index(i))
		}
		return n
	case reflect.Struct:
		if v.Type() == timeType {
			return 0
		}
		n := 0
		for i := range v.NumField() {
			n += indirectSize(v.Field(i))
		}
		return n
	}
	return 0
}

// flat reports whether values of a kind refer to nothing.
func flat(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }
