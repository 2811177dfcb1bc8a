package prober

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// maxChanges bounds the changes of a phone book that are remembered.
	maxChanges = 100
	// changesKept is how long they are.
	changesKept = 7 * 24 * time.Hour
)

// recoveryTracker remembers what earlier probes of a target saw: faults of share and phone
// book, the phone book's entries, the states of services. It uses our own clock, since the
// server's may be set meanwhile. Modules are kept apart: they may probe different files.
type recoveryTracker struct {
	mu   sync.Mutex // held while a record is read and written back
	seen *lru.Cache[string, recovery]
}

// recovery is what is remembered of one target and module. Its slices and maps are replaced,
// never changed.
type recovery struct {
	since          time.Time // of the first probe
	faultAt        time.Time // of the last probe that saw share or phone book at fault; zero: none
	phonebookFault time.Time // the same of the phone book alone
	healthyAt      time.Time // of the first probe that found both healthy again; zero: none yet
	unresolved     bool      // the fault lasts

	entries  map[string]string // what each entry dials with, when the phone book was read last; nil: never
	changes  []phonebookChange // the newest first
	services map[string]serviceSeen
}

type phonebookChange struct {
	entry string
	kind  smbprobe.PhonebookChangeKind
	at    time.Time
}

// serviceSeen is since when a service is seen in a state.
type serviceSeen struct {
	state smbprobe.ServiceState
	since time.Time
}

func newRecoveryTracker() (*recoveryTracker, error) {
	seen, err := lru.New[string, recovery](maxHints)
	if err != nil {
		return nil, err
	}
	return &recoveryTracker{seen: seen}, nil
}

// update takes the result of a probe that ended now, and sets what the result has of earlier
// probes.
func (t *recoveryTracker) update(r *smbprobe.Result, now time.Time) {
	key := r.Target + " " + r.Module
	t.mu.Lock()
	defer t.mu.Unlock()
	rec, known := t.seen.Get(key)
	if !known {
		rec.since = now
	}
	rec.recordFaults(r, now)
	rec.recordEntries(r, now)
	rec.recordServices(r, now)
	t.seen.Add(key, rec)
	rec.describe(r)
}

func (rec *recovery) recordFaults(r *smbprobe.Result, now time.Time) {
	if phonebookAtFault(&r.Phonebook) {
		rec.phonebookFault = now
	}
	switch {
	case atFault(r):
		rec.faultAt, rec.healthyAt, rec.unresolved = now, time.Time{}, true
	case rec.unresolved && r.Share == smbprobe.ShareOK && r.Phonebook.State == smbprobe.PhonebookOK:
		rec.healthyAt, rec.unresolved = now, false
	}
}

// atFault reports whether the result alone shows that the mail service cannot open its
// phone book.
func atFault(r *smbprobe.Result) bool {
	switch r.Share {
	case smbprobe.ShareMissing, smbprobe.ShareOutOfResources, smbprobe.ShareServerPaused:
		return true
	}
	return phonebookAtFault(&r.Phonebook)
}

// phonebookAtFault does not count a lock: a backup holds the file for a moment.
func phonebookAtFault(p *smbprobe.PhonebookResult) bool {
	switch p.State {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing, smbprobe.PhonebookElsewhere, smbprobe.PhonebookDamaged,
		smbprobe.PhonebookAccessDenied, smbprobe.PhonebookDiskError, smbprobe.PhonebookTooLarge:
		return true
	}
	return p.State == smbprobe.PhonebookOK && p.Entries != nil && *p.Entries == 0
}

// recordEntries compares the entries with those of the last probe that read the phone book.
func (rec *recovery) recordEntries(r *smbprobe.Result, now time.Time) {
	p := &r.Phonebook
	if p.State != smbprobe.PhonebookOK || p.Entries == nil || p.LinksTruncated {
		return
	}
	entries := make(map[string]string)
	for _, l := range p.Links {
		entries[l.Entry] += strings.Join([]string{l.Media, l.Device, l.Port}, "\x00") + "\x01"
	}
	var changes []phonebookChange
	if rec.entries != nil {
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			before, was := rec.entries[name]
			switch {
			case !was:
				changes = append(changes, phonebookChange{name, smbprobe.EntryAdded, now})
			case before != entries[name]:
				changes = append(changes, phonebookChange{name, smbprobe.EntryRewired, now})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(rec.entries)) {
			if _, is := entries[name]; !is {
				changes = append(changes, phonebookChange{name, smbprobe.EntryRemoved, now})
			}
		}
	}
	for _, c := range rec.changes {
		if now.Sub(c.at) <= changesKept {
			changes = append(changes, c)
		}
	}
	rec.entries, rec.changes = entries, changes[:min(len(changes), maxChanges)]
}

func (rec *recovery) recordServices(r *smbprobe.Result, now time.Time) {
	services := make(map[string]serviceSeen, len(r.Services))
	for i := range r.Services {
		s := &r.Services[i]
		seen, known := rec.services[s.Name]
		switch {
		case s.State == "": // not known now: what was known stays
			if known {
				services[s.Name] = seen
			}
			continue
		case !known || seen.state != s.State:
			seen = serviceSeen{s.State, now}
		}
		services[s.Name] = seen
		inState := now.Sub(seen.since)
		s.InStateFor = &inState
	}
	if len(r.Services) > 0 {
		rec.services = services
	}
}

// describe writes what is remembered into a result, by the server's clock.
func (rec *recovery) describe(r *smbprobe.Result) {
	if r.ClockOffset == nil {
		return
	}
	byServer := func(at time.Time) *time.Time {
		if at.IsZero() {
			return nil
		}
		return new(at.Add(*r.ClockOffset))
	}
	r.WatchedSince, r.HealthySince = byServer(rec.since), byServer(rec.healthyAt)
	r.FaultSeen, r.PhonebookFaultSeen = byServer(rec.faultAt), byServer(rec.phonebookFault)
	for _, c := range rec.changes {
		r.Phonebook.Changes = append(r.Phonebook.Changes, smbprobe.PhonebookChange{Entry: c.entry, Kind: c.kind, At: c.at.Add(*r.ClockOffset)})
	}
}
