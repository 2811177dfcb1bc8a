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

	entries  map[string]string // what each entry dials with, when that was last known; nil: never
	changes  []phonebookChange // the newest first
	services map[string]serviceSeen
}

type phonebookChange struct {
	entry string
	kind  smbprobe.PhonebookChangeKind
	at    time.Time
	wires string // of an entry that was removed, what it dialed with
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
	key := recoveryKey(r)
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

func recoveryKey(r *smbprobe.Result) string { return r.Target + " " + r.Module }

// entryNames returns the names of the entries that earlier probes of the last seven days saw in
// the phone book. Events that name them may still be in the log.
func (t *recoveryTracker) entryNames(r *smbprobe.Result) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	rec, _ := t.seen.Get(recoveryKey(r))
	names := slices.Sorted(maps.Keys(rec.entries))
	for _, c := range rec.changes {
		if !slices.Contains(names, c.entry) {
			names = append(names, c.entry)
		}
	}
	return names
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

// recordEntries compares the entries with those of the last probe that knew them.
func (rec *recovery) recordEntries(r *smbprobe.Result, now time.Time) {
	entries := entriesOf(&r.Phonebook)
	if entries == nil {
		return
	}
	var changes []phonebookChange
	if rec.entries != nil {
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			before, was := rec.entries[name]
			if !was {
				changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryAdded, at: now})
				before, was = rec.removed(name)
			}
			if was && before != entries[name] {
				changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryRewired, at: now})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(rec.entries)) {
			if _, is := entries[name]; !is {
				changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryRemoved, at: now, wires: rec.entries[name]})
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

// entriesOf returns what each entry of a phone book dials with; nil: not known. One that is not
// there has no entries.
func entriesOf(p *smbprobe.PhonebookResult) map[string]string {
	entries := make(map[string]string)
	switch p.State {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing, smbprobe.PhonebookElsewhere:
		return entries
	case smbprobe.PhonebookOK:
	default:
		return nil
	}
	if p.Entries == nil || p.LinksTruncated {
		return nil
	}
	for _, l := range p.Links {
		entries[l.Entry] += strings.Join([]string{l.Media, l.Device, l.Port}, "\x00") + "\x01"
	}
	for name, modems := range p.Modems {
		entries[name] += strings.Join(modems, "\x00")
	}
	return entries
}

// removed returns what an entry dialed with that was removed last.
func (rec *recovery) removed(name string) (wires string, found bool) {
	for _, c := range rec.changes {
		if c.kind == smbprobe.EntryRemoved && c.entry == name {
			return c.wires, true
		}
	}
	return "", false
}

func (rec *recovery) recordServices(r *smbprobe.Result, now time.Time) {
	services := make(map[string]serviceSeen, len(r.Services))
	for i := range r.Services {
		s := &r.Services[i]
		seen, known := rec.services[s.Name]
		if h := r.Host.Started; h != nil && now.Sub(seen.since) > *h {
			known = false // the server was started since: so was the service, if at all
		}
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
