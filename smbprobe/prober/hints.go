package prober

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxRemembered bounds the targets of which something is remembered; the ones
// probed longest ago are forgotten first.
const maxRemembered = 65536

// remembered is what spares the next probe of a target some attempts. Each
// part may be unknown.
type remembered struct {
	port       uint16 // that answered
	calledName string // that the NetBIOS session service took
	smb2       bool   // the target has spoken SMB2: auto does not go back to SMB1
}

// faults keeps when share and book of a target were mended, by our own clock: the server's
// may be set meanwhile. Each module has its own, since what it probes may differ.
type faults struct {
	seen *lru.Cache[string, mending]
}

// mending is what is remembered of a share and book that were at fault.
type mending struct {
	at   time.Time // of the first probe that found both sound again; zero: not yet
	open bool      // they are still at fault
}

func newFaults() (*faults, error) {
	seen, err := lru.New[string, mending](maxRemembered)
	if err != nil {
		return nil, err
	}
	return &faults{seen: seen}, nil
}

// note takes a result of this moment, and writes into it since when share and book have
// been sound.
func (f *faults) note(r *smbprobe.Result, now time.Time) {
	key := r.Target + " " + r.Module
	m, known := f.seen.Get(key)
	switch {
	case atFault(r):
		m = mending{open: true}
		f.seen.Add(key, m)
	case known && m.open && r.Share == smbprobe.ShareOK && r.Phonebook.State == smbprobe.PhonebookOK:
		m = mending{at: now}
		f.seen.Add(key, m)
	}
	if !m.at.IsZero() && r.ClockOffset != nil {
		since := m.at.Add(*r.ClockOffset)
		r.SoundSince = &since
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
type memory struct {
	updating sync.Mutex // held over the reading and writing of an update
	targets  *lru.Cache[string, remembered]
}

func newMemory() (*memory, error) {
	targets, err := lru.New[string, remembered](maxRemembered)
	if err != nil {
		return nil, err
	}
	return &memory{targets: targets}, nil
}

func (m *memory) get(target string) remembered {
	r, _ := m.targets.Get(target)
	return r
}

// update changes what is remembered of a target. Probes of one target with two
// modules may run side by side: the last one wins, but SMB2 once seen stays.
func (m *memory) update(target string, change func(*remembered)) {
	m.updating.Lock()
	defer m.updating.Unlock()
	r := m.get(target)
	smb2 := r.smb2
	change(&r)
	r.smb2 = r.smb2 || smb2
	m.targets.Add(target, r)
}
