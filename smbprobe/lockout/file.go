package lockout

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

const (
	hashRounds = 100_000 // of PBKDF2-SHA256: 30 ms or so

	// jumpTolerance is how far the wall clock may be adjusted until the times in the
	// file are written again.
	jumpTolerance = time.Second

	// lockAgain is how long a file that another process has locked is left alone.
	lockAgain = 30 * time.Second

	// keepOthers is how long the file keeps what this process does not know: another
	// one may, or have the same authority with another password.
	keepOthers = 24 * time.Hour
)

// file is what a guard knows of its file. Without a store it is just a salt.
type file struct {
	store store
	salt  salt

	content []byte            // as it was last read or written; nil: to be read again
	others  []authorityRecord // of content, that are not configured here

	changed bool // since content was written
	durable bool // what has changed must survive a crash
	unsaved bool // writing failed, so memory has more than the file

	// readOnly: the file could not be written at the start, so each run of this program
	// may add failures; the first one is the last.
	readOnly bool

	// lockedByOther: another process had the lock at the last transaction. It may be sending a
	// login that this one cannot know of.
	lockedByOther bool
	lockErr       error // until lockAgainAt
	lockAgainAt   time.Time

	started instant
	problem string // that was warned about last

	domain struct { // that domainMAC was called for last
		salt salt
		name string
		mac  mac
	}
}

func (f *file) authorityMAC(k authorityKey) mac {
	return f.salt.mac("authority", k.domain, k.user, k.target)
}

func (f *file) targetMAC(k authorityKey, name string) mac {
	return f.salt.mac("target", k.domain, k.user, k.target, name)
}

// domainMAC returns the same for one domain; most targets announce the same one.
func (f *file) domainMAC(name string) mac {
	if f.domain.salt != f.salt || f.domain.name != name {
		f.domain.salt, f.domain.name, f.domain.mac = f.salt, name, f.salt.mac("domain", fold(name))
	}
	return f.domain.mac
}

// openFile reads the file for the first time, and finds out if it can be written.
func (g *Guard) openFile() error {
	f := &g.file
	_, _ = rand.Read(f.salt[:])
	f.started = g.instant()
	if f.store == nil {
		return nil
	}
	unlock, err := f.lock(f.started.now)
	if err != nil {
		return errors.Join(err, g.mergeFile(f.started)) // holds are respected, even if none can be added
	}
	defer unlock()
	if err := g.mergeFile(f.started); errors.Is(err, errDamaged) {
		g.warn(err)
	} else if err != nil {
		return err
	}
	return g.writeFile(f.started)
}

func (g *Guard) instant() instant { return instant{now: g.opts.Now(), wall: g.opts.Wall()} }

func (g *Guard) toWall(t time.Time) time.Time { return g.instant().toWall(t) }

// transact reads the file, calls change, and writes the file if something changed. What
// fails is a warning, and the guard goes on with what it has in memory.
func (g *Guard) transact(change func(now time.Time)) {
	f, i := &g.file, g.instant()
	if f.store == nil {
		change(i.now)
		return
	}
	if f.readOnly { // which was warned about
		_ = g.mergeFile(i)
		change(i.now)
		f.unsaved = true
		return
	}
	unlock, err := f.lock(i.now)
	if err == nil {
		defer unlock()
	}
	writable := err == nil
	if mergeErr := g.mergeFile(i); mergeErr != nil {
		err = errors.Join(err, mergeErr)
		writable = writable && errors.Is(mergeErr, errDamaged)
	}
	if adjusted := i.wall.Sub(f.started.wall) - i.now.Sub(f.started.now); adjusted.Abs() > jumpTolerance {
		f.started, f.changed = i, true
	}
	change(i.now)
	if f.changed && writable {
		err = errors.Join(err, g.writeFile(i))
	}
	f.unsaved = f.changed
	g.warn(err)
}

// lock locks the file. If another process does not unlock it, it is not tried again for
// a while: every login would wait for it.
func (f *file) lock(now time.Time) (unlock func(), err error) {
	if now.Before(f.lockAgainAt) {
		return nil, f.lockErr
	}
	unlock, err = f.store.lock()
	f.lockedByOther = errors.Is(err, errLocked)
	if f.lockedByOther {
		f.lockErr, f.lockAgainAt = err, now.Add(lockAgain)
	}
	return unlock, err
}

// warn reports a problem once until there is another one, or none.
func (g *Guard) warn(err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != "" && problem != g.file.problem {
		g.opts.Warn(err)
	}
	g.file.problem = problem
}

// mergeFile reads the file, and takes over what other processes have changed.
func (g *Guard) mergeFile(i instant) error {
	f := &g.file
	content, err := f.store.read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.changed = f.changed || f.content != nil
		return nil
	case err != nil:
		return err
	case f.content != nil && bytes.Equal(content, f.content):
		return nil
	case len(content) > maxFileSize:
		err = errTooLarge
	}
	var r *fileRecord
	if err == nil {
		r, err = decode(content)
	}
	if err != nil {
		g.distrust()
		return fmt.Errorf("%w; it is replaced, and logins are tried one at a time until one is accepted: %w", errDamaged, err)
	}
	authoritative := !f.unsaved
	if r.Salt != f.salt {
		authoritative, f.changed = false, true
		g.useSalt(r.Salt)
	}
	f.content = content
	g.merge(r.Authorities, i, authoritative)
	return nil
}

// distrust makes the guard as careful as after a start.
func (g *Guard) distrust() {
	for _, a := range g.authorities {
		a.accepted = false
	}
	g.file.changed = true
}

// useSalt names everything as the file does.
func (g *Guard) useSalt(s salt) {
	f := &g.file
	f.salt, f.others = s, nil
	for _, a := range g.authorities {
		a.id, a.recorded, a.byID, a.otherTargets = f.authorityMAC(a.key), nil, nil, nil
		a.lastTarget = mac{}
		for _, t := range a.targets {
			t.id, t.domain = f.targetMAC(a.key, fold(t.name)), mac{}
		}
		for _, logins := range [][]*login{a.counted, a.underWay} {
			for _, l := range logins {
				l.domain = mac{}
				if l.target != nil {
					l.targetID = l.target.id
				}
			}
		}
	}
}

// writeFile replaces the file by what is in memory.
func (g *Guard) writeFile(i instant) error {
	f := &g.file
	content, err := g.record(i).encode()
	if err != nil {
		return fmt.Errorf("write the lockout file: %w", err)
	}
	if err := f.store.replace(content, f.durable); err != nil {
		return err
	}
	f.content, f.changed, f.durable = content, false, false
	return nil
}

// checkOf returns two bytes that notice most changes of the credentials, under the file's
// salt.
func (g *Guard) checkOf(c *credentials) check { return g.checkUnder(c, g.file.salt) }

// checkUnder computes the slow hash of credentials once for each salt.
func (g *Guard) checkUnder(c *credentials, s salt) check {
	if !c.hasCheck || c.checkSalt != s {
		if g.opts.hashing != nil {
			g.opts.hashing()
		}
		text := c.domain + "\x00" + c.user + "\x00" + c.password.Reveal()
		// The length of the key is that of the hash, for which no parameter is an error.
		key, _ := pbkdf2.Key(sha256.New, text, append(s[:], "credentials"...), g.opts.rounds, sha256.Size)
		copy(c.check[:], key)
		c.hasCheck, c.checkSalt = true, s
	}
	return c.check
}

// prepareChecks computes the slow hashes of credentials while the file is not locked: other
// processes would wait for them, and go on without the lock in the end.
func (g *Guard) prepareChecks(all map[authorityKey]*credentials) {
	if g.file.store == nil {
		return
	}
	s := g.file.salt
	if content, err := g.file.store.read(); err == nil && len(content) <= maxFileSize {
		if r, err := decode(content); err == nil {
			s = r.Salt
		}
	}
	for _, c := range all {
		g.checkUnder(c, s)
	}
}
