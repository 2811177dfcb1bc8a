package prober

import (
	"fmt"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxHints is how many targets something is remembered of; the ones probed longest ago
// are forgotten first.
const maxHints = 65536

// maxBooks is how many phone books are looked at for one that a target has for the first time.
const maxBooks = 256

// hints are what saves the next probe of a target some attempts. Each part may be
// unknown.
type hints struct {
	port       uint16 // the one that answered
	calledName string // the one that the NetBIOS session service accepted

	silentCalls map[callID]silence // replaced, never changed
	book        *knownBook         // the same; nil: none
}

// hintCache keeps hints by target name.
type hintCache struct {
	updating sync.Mutex // held while an entry is read and written back
	targets  *lru.Cache[string, hints]
	books    *lru.Cache[uint64, *knownBook] // by the sum of their bytes, for targets without a hint of theirs
}

func newHintCache() (*hintCache, error) {
	targets, err := lru.New[string, hints](maxHints)
	if err != nil {
		return nil, err
	}
	books, err := lru.New[uint64, *knownBook](maxBooks)
	if err != nil {
		return nil, err
	}
	return &hintCache{targets: targets, books: books}, nil
}

func (c *hintCache) get(target string) hints {
	h, _ := c.targets.Get(target)
	return h
}

// update changes the hints of a target. Two modules of one target may be probed at
// once: the last one wins.
func (c *hintCache) update(target string, change func(*hints)) {
	c.updating.Lock()
	defer c.updating.Unlock()
	h := c.get(target)
	change(&h)
	c.targets.Add(target, h)
}

// smb2Targets remembers which targets accepted a login over SMB2 or SMB3: with them,
// dialect auto does not go back to SMB1, which a third party could otherwise force to get
// the weaker login. Nothing is evicted; configured hosts bound its size.
type smb2Targets struct {
	mu      sync.Mutex
	entries map[string]string // by target name in lower case, the entry that the login was made with
}

func newSMB2Targets() *smb2Targets { return &smb2Targets{entries: make(map[string]string)} }

// entryOf identifies the configuration entry of a target: once it changes, the server
// behind the name may be another one.
func entryOf(t smbprobe.Target) string {
	return fmt.Sprintf("%q %q %q %q", t.Host, t.Auth.Name, t.Auth.Username, t.Auth.Domain)
}

func (s *smb2Targets) add(t smbprobe.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[strings.ToLower(entryName(t))] = entryOf(t)
}

func (s *smb2Targets) has(t smbprobe.Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[strings.ToLower(entryName(t))] == entryOf(t)
}

// keep forgets every target that is not among names, which are in lower case.
func (s *smb2Targets) keep(names map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.entries {
		if !names[name] {
			delete(s.entries, name)
		}
	}
}
