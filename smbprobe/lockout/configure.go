package lockout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// credentials are a user, a domain and a password that authorities share.
type credentials struct {
	domain, user string // folded
	password     secret.Secret

	check     check // of the slow hash
	checkSalt salt  // that it was computed under
	hasCheck  bool
}

func (t Target) key() authorityKey {
	k := authorityKey{domain: fold(t.Domain), user: fold(t.Username)}
	if k.domain == "" {
		k.target = fold(t.Name)
	}
	return k
}

// fold makes names equal that differ in case.
func fold(name string) string { return strings.ToLower(name) }

// Configure replaces the logins that are in force. What is known of a login whose
// user, domain and password stay the same is kept; what is known of others is
// forgotten. Waiting logins that are not in force any more fail with ErrNotInForce,
// and the outcomes of those under way are ignored.
//
// It is an error, and nothing changes, if one authority has two passwords.
func (g *Guard) Configure(targets []Target) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	wanted, err := g.credentialsOf(targets)
	if err != nil {
		return err
	}
	g.prepareChecks(wanted)
	g.transact(func(now time.Time) {
		g.replaceAuthorities(wanted)
		g.replaceTargets(targets, now)
		g.adoptOthers()
		for key, a := range g.authorities {
			g.failOutdated(a)
			if len(a.targets) == 0 && a.forgettable(now) {
				delete(g.authorities, key)
				a.replaced = true
			}
		}
	})
	// Now that the authorities are known, what the file has of them can be read.
	g.file.content = nil
	g.transact(func(now time.Time) {
		for _, a := range g.authorities {
			g.dispatch(a, now)
		}
	})
	return nil
}

// credentialsOf returns the credentials of each authority of the targets, those in use
// if they are the same.
func (g *Guard) credentialsOf(targets []Target) (map[authorityKey]*credentials, error) {
	type account struct{ domain, user string }
	wanted := make(map[authorityKey]*credentials, len(targets))
	shared := make(map[account][]*credentials)
	for _, a := range g.authorities {
		c := a.credentials
		if in := shared[account{c.domain, c.user}]; !slices.Contains(in, c) {
			shared[account{c.domain, c.user}] = append(in, c)
		}
	}
	for _, t := range targets {
		key := t.key()
		if c := wanted[key]; c != nil {
			if !c.password.Equal(t.Password) {
				return nil, fmt.Errorf("user %q of %q has two passwords: one in auth %q, for target %q, and another one", t.Username, t.Domain, t.Auth, t.Name)
			}
			continue
		}
		of := account{key.domain, key.user}
		i := slices.IndexFunc(shared[of], func(c *credentials) bool { return c.password.Equal(t.Password) })
		if i < 0 {
			i = len(shared[of])
			shared[of] = append(shared[of], &credentials{domain: key.domain, user: key.user, password: t.Password})
		}
		wanted[key] = shared[of][i]
	}
	return wanted, nil
}

// replaceAuthorities forgets the authorities whose password is another one now, and adds
// those that are new.
func (g *Guard) replaceAuthorities(wanted map[authorityKey]*credentials) {
	for key, c := range wanted {
		old := g.authorities[key]
		if old != nil && old.credentials == c {
			continue
		}
		if old != nil {
			old.replaced = true
			g.failOutdated(old)
			g.file.changed = true // the old one is not written any more
		}
		g.authorities[key] = &authority{
			key:         key,
			credentials: c,
			id:          g.file.authorityMAC(key),
		}
	}
}

// replaceTargets assigns each target to its authority. An authority keeps a target that
// it has lost for as long as that is held, its own account may count a refusal, or a login is
// under way.
func (g *Guard) replaceTargets(targets []Target, now time.Time) {
	type place struct {
		authority *authority
		name      string
	}
	known := make(map[place]*target)
	before := g.targets
	for _, a := range g.authorities {
		for _, t := range a.targets {
			known[place{a, fold(t.name)}] = t
			t.configured = false
		}
	}
	g.targets = make(map[string]*assignment, len(targets))
	for _, t := range targets {
		a, name := g.authorities[t.key()], fold(t.Name)
		o := known[place{a, name}]
		if o == nil {
			o = &target{name: t.Name, id: g.file.targetMAC(a.key, name)}
			known[place{a, name}] = o
			a.targets = append(a.targets, o)
			a.adopt(o, g.instant())
			if b := before[name]; b != nil && b.authority.key == a.key && b.target.refusals > o.refusals {
				o.refusals, o.refusedAt = b.target.refusals, b.target.refusedAt
				a.note(o)
			}
		}
		o.configured = true
		if t.Prompted && !a.wasPrompted {
			a.prompted, a.wasPrompted = true, true
		}
		g.targets[name] = &assignment{authority: a, target: o, auth: t.Auth}
	}
	for _, a := range g.authorities {
		a.byID, a.newest = nil, nil
		a.targets = slices.DeleteFunc(a.targets, func(t *target) bool {
			busy := slices.ContainsFunc(a.underWay, func(l *login) bool { return l.target == t })
			if t.configured || t.until.After(now) || busy || t.refusals > 0 && now.Before(t.refusedAt.Add(countingTime)) {
				return false
			}
			delete(a.noted, t)
			return true
		})
	}
}

// adopt gives a target that is new here what the file has of it.
func (a *authority) adopt(t *target, i instant) {
	a.otherTargets = slices.DeleteFunc(a.otherTargets, func(r targetRecord) bool {
		if r.ID != t.id {
			return false
		}
		t.load(r, i, false)
		a.note(t)
		return true
	})
	for _, l := range a.counted {
		if l.target == nil && l.targetID == t.id {
			l.target = t
		}
	}
}

// adoptOthers gives authorities that are new here what the file has of them.
func (g *Guard) adoptOthers() {
	i := g.instant()
	byID := make(map[mac]*authority, len(g.authorities))
	for _, a := range g.authorities {
		byID[a.id] = a
	}
	g.file.others = slices.DeleteFunc(g.file.others, func(r authorityRecord) bool {
		a := byID[r.ID]
		if a == nil || g.checkOf(a.credentials) != r.Check {
			return false
		}
		a.load(&r, i, false)
		return true
	})
}

// failOutdated ends the wait of logins that are not in force any more.
func (g *Guard) failOutdated(a *authority) {
	a.waiters = slices.DeleteFunc(a.waiters, func(w *waiter) bool {
		if !a.replaced && w.target.configured {
			return false
		}
		w.fail(ErrNotInForce)
		return true
	})
}

// inForce returns the assignment of a target if the login is the one in force.
func (g *Guard) inForce(t Target) *assignment {
	as := g.targets[fold(t.Name)]
	if as == nil || as.authority.key != t.key() || !as.authority.credentials.password.Equal(t.Password) {
		return nil
	}
	return as
}

// forgettable reports whether an authority without targets has nothing to remember.
func (a *authority) forgettable(now time.Time) bool {
	return len(a.counted) == 0 && !a.pending && !a.until.After(now)
}

// Forget permits one login of each authority of an auth, alone, regardless of holds. It
// permits none if nothing is held. The error is ErrUnknownAuth, or a *ForgetError if
// four logins of an authority have failed, so that one more might lock the account.
func (g *Guard) Forget(auth string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	accounts := make(map[*authority][]*target)
	for _, as := range g.targets {
		if as.auth == auth {
			accounts[as.authority] = append(accounts[as.authority], as.target)
		}
	}
	if len(accounts) == 0 {
		return fmt.Errorf("auth %q: %w", auth, ErrUnknownAuth)
	}
	refused := &ForgetError{Auth: auth}
	g.transact(func(now time.Time) {
		for a, targets := range accounts {
			a.advance(now)
			targetHeld := slices.ContainsFunc(targets, func(t *target) bool { return t.until.After(now) })
			switch zero := a.countZeroAt(); {
			case len(a.counted) >= places && !zero.IsZero():
				refused.Accounts++
				refused.Until = later(refused.Until, g.toWall(zero))
			case targetHeld || a.held(now) || a.pending:
				a.permit = true
				g.dispatch(a, now)
			}
		}
	})
	if refused.Accounts > 0 {
		return refused
	}
	return nil
}
