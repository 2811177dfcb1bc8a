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
	seen *lru.Cache[recoveryKey, recovery]
}

// recoveryKey is whose recovery is remembered.
type recoveryKey struct{ target, module string }

// recovery is what is remembered of one target and module. Its slices and maps are replaced,
// never changed.
type recovery struct {
	since          time.Time // of the first probe
	faultAt        time.Time // of the last probe that saw share or phone book at fault; zero: none
	phonebookFault time.Time // the same of the phone book alone
	healthyAt      time.Time // of the first probe that found both healthy again; zero: none yet
	unresolved     bool      // the fault lasts

	entries  knownEntries
	changes  []phonebookChange // the newest first
	services []serviceSeen
}

// knownEntries are the entries of a phone book, when they were last known: in the slices and
// maps of the result. Most probes find the same.
type knownEntries struct {
	known  bool
	links  []smbprobe.Link
	modems map[string][]string
}

type phonebookChange struct {
	entry string
	kind  smbprobe.PhonebookChangeKind
	at    time.Time
	wires string // of an entry that was removed, what it dialed with
}

// serviceSeen is since when a service is seen in a state.
type serviceSeen struct {
	name  string
	state smbprobe.ServiceState
	since time.Time
}

func newRecoveryTracker() (*recoveryTracker, error) {
	seen, err := lru.New[recoveryKey, recovery](maxHints)
	if err != nil {
		return nil, err
	}
	return &recoveryTracker{seen: seen}, nil
}

// update takes the result of a probe that ended now, and sets what the result has of earlier
// probes.
func (t *recoveryTracker) update(r *smbprobe.Result, now time.Time) {
	key := recoveryKeyOf(r)
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

func recoveryKeyOf(r *smbprobe.Result) recoveryKey { return recoveryKey{r.Target, r.Module} }

// appendEntryNames appends the names of the entries that earlier probes of the last seven days
// saw in the phone book. Events that name them may still be in the log. Names may occur twice.
func (t *recoveryTracker) appendEntryNames(names []string, r *smbprobe.Result) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	rec, _ := t.seen.Get(recoveryKeyOf(r))
	for _, l := range rec.entries.links {
		names = append(names, l.Entry)
	}
	for name := range rec.entries.modems {
		names = append(names, name)
	}
	for _, c := range rec.changes {
		names = append(names, c.entry)
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
	if !entries.known {
		return
	}
	var changes []phonebookChange
	if rec.entries.known && !entries.equal(rec.entries) {
		changes = rec.compareEntries(entries.wires(), rec.entries.wires(), now)
	}
	for _, c := range rec.changes {
		if now.Sub(c.at) <= changesKept {
			changes = append(changes, c)
		}
	}
	rec.entries, rec.changes = entries, changes[:min(len(changes), maxChanges)]
}

// compareEntries returns what changed between what the entries dialed with before, and what
// they dial with.
func (rec *recovery) compareEntries(entries, before map[string]string, now time.Time) []phonebookChange {
	var changes []phonebookChange
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		wires, was := before[name]
		if !was {
			changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryAdded, at: now})
			wires, was = rec.removed(name)
		}
		if was && wires != entries[name] {
			changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryRewired, at: now})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, is := entries[name]; !is {
			changes = append(changes, phonebookChange{entry: name, kind: smbprobe.EntryRemoved, at: now, wires: before[name]})
		}
	}
	return changes
}

// entriesOf returns the entries of a phone book, if they are known. One that is not there has no
// entries.
func entriesOf(p *smbprobe.PhonebookResult) knownEntries {
	switch p.State {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing, smbprobe.PhonebookElsewhere:
		return knownEntries{known: true}
	case smbprobe.PhonebookOK:
		if p.Entries != nil && !p.LinksTruncated {
			return knownEntries{known: true, links: p.Links, modems: p.Modems}
		}
	}
	return knownEntries{}
}

// equal reports whether the entries dial with the same.
func (e knownEntries) equal(other knownEntries) bool {
	return slices.Equal(e.links, other.links) && maps.EqualFunc(e.modems, other.modems, slices.Equal[[]string])
}

// wires returns what each entry dials with, in a form to compare.
func (e knownEntries) wires() map[string]string {
	wires := make(map[string]string)
	for _, l := range e.links {
		wires[l.Entry] += strings.Join([]string{l.Media, l.Device, l.Port}, "\x00") + "\x01"
	}
	for name, modems := range e.modems {
		wires[name] += strings.Join(modems, "\x00")
	}
	return wires
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
	services := make([]serviceSeen, 0, len(r.Services))
	inState := make([]time.Duration, len(r.Services))
	for i := range r.Services {
		s := &r.Services[i]
		seen, known := rec.service(s.Name)
		if h := r.Host.Started; h != nil && now.Sub(seen.since) > *h {
			known = false // the server was started since: so was the service, if at all
		}
		switch {
		case s.State == "": // not known now: what was known stays
			if known {
				services = append(services, seen)
			}
			continue
		case !known || seen.state != s.State:
			seen = serviceSeen{s.Name, s.State, now}
		}
		services = append(services, seen)
		inState[i] = now.Sub(seen.since)
		s.InStateFor = &inState[i]
	}
	if len(r.Services) > 0 {
		rec.services = services
	}
}

// service returns what is remembered of a service.
func (rec *recovery) service(name string) (seen serviceSeen, known bool) {
	i := slices.IndexFunc(rec.services, func(s serviceSeen) bool { return s.name == name })
	if i < 0 {
		return serviceSeen{}, false
	}
	return rec.services[i], true
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
