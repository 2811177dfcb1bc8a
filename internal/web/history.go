package web

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxOthers is how many results are remembered of what the configuration does
// not list: single ports, other modules than a target's first, and what it listed before a
// reload.
const maxOthers = 1000

// remembered is the last result of a target and module.
type remembered struct {
	result *smbprobe.Result
	since  time.Time // when the first result came of the states and the verdict that still hold
}

// history remembers the last result of each target and module. Its size is
// bounded by the hosts that the configuration lists, and maxOthers.
type history struct {
	hosts func() []config.Host

	mu    sync.Mutex
	last  map[flightKey]remembered
	limit int // how large last may grow before the others in it are counted
}

func newHistory(hosts func() []config.Host) *history {
	return &history{hosts: hosts, last: map[flightKey]remembered{}, limit: maxOthers}
}

// add remembers a result in place of the one before.
func (h *history) add(r *smbprobe.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := flightKey{r.Target, r.Module}
	entry := remembered{result: r, since: r.Started}
	if before, known := h.last[key]; known && alike(before.result, r) {
		entry.since = before.since
	}
	h.last[key] = entry
	if len(h.last) > h.limit {
		h.forget()
	}
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
	for key := range h.last {
		if !listed[key] {
			others = append(others, key)
		}
	}
	slices.SortFunc(others, func(a, b flightKey) int {
		return h.last[a].result.Started.Compare(h.last[b].result.Started)
	})
	excess := max(0, len(others)-maxOthers*9/10)
	for _, key := range others[:excess] {
		delete(h.last, key)
	}
	kept := len(others) - excess
	h.limit = len(h.last) - kept + maxOthers
}

// get returns what is remembered of one target and module.
func (h *history) get(key flightKey) (entry remembered, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	entry, known = h.last[key]
	return entry, known
}

// all returns a copy of what is remembered.
func (h *history) all() map[flightKey]remembered {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.last)
}
