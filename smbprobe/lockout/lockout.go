package lockout

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// Options of a guard. The zero value keeps no file.
type Options struct {
	// Now is the clock that holds are measured with; nil means time.Now. If its
	// times have a monotonic reading, holds in memory are not affected by changes
	// of the wall clock.
	Now func() time.Time

	// Wall is the wall clock, which the times in the file refer to; nil means Now
	// without its monotonic reading.
	Wall func() time.Time

	// File is the path of the lockout file; "" keeps everything in memory, and then
	// each restart may add one failed login. A file beside it, with ".lock" at the
	// end of its name, is locked while the lockout file is changed. The directory
	// has to exist.
	File string

	// RequireFile makes a file that cannot be written an error of New. Without it
	// that is a warning, and the guard's first failed login is its last one.
	RequireFile bool

	// Warn is called with each problem of the file, once until the problem changes;
	// nil discards them. It must not call the guard.
	Warn func(error)

	rounds  int    // of the slow hash, if not hashRounds: for tests
	hashing func() // called before each slow hash: for tests
	store   store  // instead of File: for tests
}

// Target is a target and the login that the configuration has for it. Two targets
// are the same if their names are, without regard to case; likewise users and
// domains.
type Target struct {
	Name     string // as the configuration spells it
	Auth     string // the name of the auth in the configuration
	Username string
	Domain   string // NT domain or computer name; "" if the account is the target's own
	Password secret.Secret

	// Prompted: a person has just typed the password, so the first login of the
	// authority is sent regardless of holds. Its outcome counts as any other's.
	Prompted bool

	// Yield is called by Acquire if the login has to wait, and what it returns after
	// the wait; nil: nothing is.
	Yield func() (resume func())
}

// Result is how a login ended.
type Result uint8

// The results of a login.
const (
	InDoubt    Result = iota // sent, and no usable answer came
	Accepted                 // logged in as the user
	Refused                  // name or password are wrong
	Restricted               // the account is locked, disabled, expired or may not log in there or now
	Guest                    // logged in as guest, which checks no password
	NotSent                  // the server got nothing that it could check
)

// Outcome describes how a login ended.
type Outcome struct {
	Result Result

	// Domain is the domain that the server announced; "" if it announced none.
	Domain string

	// State and Status are what the caller wants to see again in a HeldError of
	// this target. They have no meaning here.
	State  string
	Status uint32
}

// Guard decides which logins may be sent. It may be used by many goroutines.
type Guard struct {
	opts Options

	mu          mutex // guards what follows; held while the file is locked, read and written
	authorities map[authorityKey]*authority
	targets     map[string]*assignment // by folded name: the logins in force
	sequence    uint64                 // of waiters
	file        file
}

// mutex is a channel that is used like a sync.Mutex. Another process may have the file locked for a moment,
// also one that another goroutine is just starting; the wait for it is a sleep. In the bubbles
// of testing/synctest no time passes while a sync.Mutex is waited for, and so it would not end.
type mutex chan struct{}

func (m mutex) Lock() { m <- struct{}{} }

func (m mutex) Unlock() { <-m }

// assignment is the login that is in force for a target.
type assignment struct {
	authority *authority
	target    *target
	auth      string
}

// New returns a guard that knows no targets yet; see Configure. It returns an error
// only if the file cannot be written and Options.RequireFile is set.
func New(opts Options) (*Guard, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Wall == nil {
		opts.Wall = func() time.Time { return opts.Now().Round(0) }
	}
	if opts.Warn == nil {
		opts.Warn = func(error) {}
	}
	if opts.rounds == 0 {
		opts.rounds = hashRounds
	}
	if opts.store == nil && opts.File != "" {
		path, err := filepath.Abs(opts.File)
		if err != nil {
			return nil, fmt.Errorf("lockout file %s: %w", opts.File, err)
		}
		opts.store = &diskStore{path: path, patience: lockPatience}
	}
	g := &Guard{
		opts:        opts,
		mu:          make(mutex, 1),
		authorities: make(map[authorityKey]*authority),
		targets:     make(map[string]*assignment),
		file:        file{store: opts.store},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.openFile(); err != nil {
		if opts.RequireFile {
			return nil, fmt.Errorf("%w; without it restarts may lock accounts: have it in a directory that can be written, or configure none", err)
		}
		if g.file.lockedByOther {
			g.warn(err)
		} else {
			g.file.readOnly = true
			g.warn(fmt.Errorf("%w; the first login of an account that fails is the last one", err))
		}
	}
	return g, nil
}

// Acquire returns when a login to the target may be sent, which has to happen at
// once. The caller must call release exactly once, with the login's outcome; more
// calls do nothing. announced is the domain that the server announced before the
// login, or "" if it is not known yet.
//
// The error is a *HeldError if the login is held back, ErrNoPlace if the context
// ended while other logins were under way, and ErrNotInForce if the target's login is
// not the configured one (any more). Nothing must be sent then.
func (g *Guard) Acquire(ctx context.Context, target Target, announced string) (release func(Outcome), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPlace, context.Cause(ctx))
	}
	atMost, wait := maxLoginTime, ctx
	if deadline, ok := ctx.Deadline(); ok {
		// A login that is sent with too little time left gets no answer in time, and would
		// count as in doubt: half of the time is for the login itself.
		atMost = time.Until(deadline)
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, atMost/2)
		defer cancel()
	}
	w := g.begin(target, announced, atMost)
	ticker := time.NewTicker(g.recheckInterval())
	defer ticker.Stop()
	select {
	case <-w.decided:
	default:
		if target.Yield != nil {
			defer target.Yield()()
		}
	}
	for {
		select {
		case <-w.decided:
			if w.err != nil {
				return nil, w.err
			}
			// The goroutine that admitted the login has the lock until the file is written.
			g.mu.Lock()
			g.mu.Unlock() //nolint:staticcheck // SA2001: nothing to do meanwhile
			return func(o Outcome) { g.release(w.login, o) }, nil
		case <-ticker.C:
			g.recheck(w)
		case <-wait.Done():
			if err := g.abandon(w); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", ErrNoPlace, context.Cause(wait))
		}
	}
}

// HeldBack returns how many configured targets are held back now.
func (g *Guard) HeldBack() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	now := g.opts.Now()
	for _, as := range g.targets {
		if as.authority.held(now) || as.target.until.After(now) {
			n++
		}
	}
	return n
}
