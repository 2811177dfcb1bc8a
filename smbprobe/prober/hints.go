package prober

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxHints bounds the targets of which something is remembered; the ones
// probed longest ago are forgotten first.
const maxHints = 65536

// remembered is what spares the next probe of a target some attempts. Each
// part may be unknown.
type hints struct {
	port       uint16 // that answered
	calledName string // that the NetBIOS session service took
	smb2       bool   // the target has spoken SMB2: auto does not go back to SMB1
}

// faults keeps when share and book of a target were mended, by our own clock: the server's
// may be set meanwhile. Each module has its own, since what it probes may differ.
type recoveryTracker struct {
	seen *lru.Cache[string, recovery]
}

// recovery is what is remembered of a share and book that were at fault.
type recovery struct {
	at         time.Time // of the first probe that found both sound again; zero: not yet
	unresolved bool      // they are still at fault
}

func newRecoveryTracker() (*recoveryTracker, error) {
	seen, err := lru.New[string, recovery](maxHints)
	if err != nil {
		return nil, err
	}
	return &recoveryTracker{seen: seen}, nil
}

// note takes a result of this moment, and writes into it since when share and book have
// been sound.
func (f *recoveryTracker) update(r *smbprobe.Result, now time.Time) {
	key := r.Target + " " + r.Module
	m, known := f.seen.Get(key)
	switch {
	case atFault(r):
		m = recovery{unresolved: true}
		f.seen.Add(key, m)
	case known && m.unresolved && r.Share == smbprobe.ShareOK && r.Phonebook.State == smbprobe.PhonebookOK:
		m = recovery{at: now}
		f.seen.Add(key, m)
	}
	if !m.at.IsZero() && r.ClockOffset != nil {
		since := m.at.Add(*r.ClockOffset)
		r.HealthySince = &since
	}
}

// atFault reports whether the mail service cannot reach its book, on this evidence alone.
func atFault(r *smbprobe.Result) bool {
	switch r.Share {
	case smbprobe.ShareMissing, smbprobe.ShareOutOfResources, smbprobe.ShareServerPaused:
		return true
	}
	switch r.Phonebook.State {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing, smbprobe.PhonebookDamaged, smbprobe.PhonebookAccessDenied, smbprobe.PhonebookDiskError:
		return true
	}
	return false
}

// memory keeps remembered by target name.
type hintCache struct {
	updating sync.Mutex // held over the reading and writing of an update
	targets  *lru.Cache[string, hints]
}

func newHintCache() (*hintCache, error) {
	targets, err := lru.New[string, hints](maxHints)
	if err != nil {
		return nil, err
	}
	return &hintCache{targets: targets}, nil
}

func (m *hintCache) get(target string) hints {
	r, _ := m.targets.Get(target)
	return r
}

// update changes what is remembered of a target. Probes of one target with two
// modules may run side by side: the last one wins, but SMB2 once seen stays.
func (m *hintCache) update(target string, change func(*hints)) {
	m.updating.Lock()
	defer m.updating.Unlock()
	r := m.get(target)
	smb2 := r.smb2
	change(&r)
	r.smb2 = r.smb2 || smb2
	m.targets.Add(target, r)
}
