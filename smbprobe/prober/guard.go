package prober

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Configure makes targets the ones that may be logged in to, after the configuration was
// read. It ends the holds of those whose user, domain or password changed, and drops what
// is remembered of targets that are gone. A login with credentials that are no longer in
// force is not sent, even by a probe in progress. The error is that two targets contradict
// each other; then nothing changes.
func (p *Prober) Configure(targets []smbprobe.Target) error {
	names := make(map[string]bool)
	logins := make([]lockout.Target, len(targets))
	for i, t := range targets {
		names[strings.ToLower(entryName(t))] = true
		logins[i] = loginOf(t)
	}
	p.adopted.stop()
	if err := p.guard.Configure(logins); err != nil {
		return err
	}
	p.smb2.keep(names)
	p.kept.configure(targets)
	p.forgotten.Add(int64(p.logs.Resize(len(targets))))
	return nil
}

// Forget permits one login with an auth although its logins are held back. The error
// says when that will be possible, or that no target has the auth.
func (p *Prober) Forget(auth string) error { return p.guard.Forget(auth) }

// LoginsHeldBack returns how many targets are held back now.
func (p *Prober) LoginsHeldBack() int { return p.guard.HeldBack() }

// entryName returns the name that logins and the dialect of a target are remembered by.
func entryName(t smbprobe.Target) string { return cmp.Or(t.Entry, t.Name) }

// loginOf returns the login to a target as the guard knows it.
func loginOf(t smbprobe.Target) lockout.Target {
	return lockout.Target{
		Name: entryName(t), Auth: t.Auth.Name, Username: t.Auth.Username, Domain: t.Auth.Domain,
		Password: t.Auth.Password, Prompted: t.Auth.Prompted,
	}
}

// adoptedTargets are the logins of a Prober that was never configured: those of the
// targets that it was asked to probe.
type adoptedTargets struct {
	mu      sync.Mutex
	stopped bool
	targets map[string]lockout.Target // by name in lower case
}

func (a *adoptedTargets) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped, a.targets = true, nil
}

// adopt makes the login of a target known to the guard, unless Configure was called.
func (a *adoptedTargets) adopt(guard *lockout.Guard, login lockout.Target) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.ToLower(login.Name)
	if known, ok := a.targets[key]; a.stopped || ok && sameLogin(known, login) {
		return nil
	}
	if a.targets == nil {
		a.targets = make(map[string]lockout.Target)
	}
	for name, t := range a.targets { // a changed password, as after a reload
		if strings.EqualFold(t.Username, login.Username) && strings.EqualFold(t.Domain, login.Domain) && !t.Password.Equal(login.Password) {
			delete(a.targets, name)
		}
	}
	a.targets[key] = login
	var all []lockout.Target
	for _, t := range a.targets {
		t.Prompted = false
		all = append(all, t)
	}
	return guard.Configure(all)
}

func sameLogin(a, b lockout.Target) bool {
	return a.Auth == b.Auth && a.Username == b.Username && a.Domain == b.Domain && a.Password.Equal(b.Password)
}

// acquireLogin waits until the login may be sent. While it waits, the probe holds no place
// of --probe.max-concurrent. The error of a login that must not be sent is recorded.
func (r *run) acquireLogin(ctx context.Context) (release func(lockout.Outcome), err error) {
	login := loginOf(r.target)
	if err := r.prober.adopted.adopt(r.prober.guard, login); err != nil {
		return nil, r.recordShareError(smbprobe.ShareNotProbed, err)
	}
	announced := ""
	if s := r.result.Server; s != nil {
		announced = s.Domain
	}
	login.Yield = r.target.Yield
	release, err = r.prober.guard.Acquire(ctx, login, announced)
	if held, ok := errors.AsType[*lockout.HeldError](err); ok {
		r.recordHold(held)
	} else if err != nil {
		_ = r.recordShareError(smbprobe.ShareNotProbed, fmt.Errorf("no login was tried: %w", err))
	}
	return release, err
}

// recordHold records that no login was tried. The state remains the one of the last
// login.
func (r *run) recordHold(h *lockout.HeldError) {
	r.result.LoginHeldBack = true
	r.result.HeldBackUntil = h.Until
	r.result.Share = smbprobe.ShareState(h.State)
	if h.State == "" {
		r.result.Share = smbprobe.ShareNotProbed
	}
	r.result.ShareStatus = smb.Status(h.Status)
	r.result.LoginRefused = h.Reason == lockout.TargetRefused
	text := fmt.Sprintf("no login was tried, to keep the account of auth %q from being locked: %v, or when its user, domain or password in the configuration changes", r.target.Auth.Name, h)
	r.result.ShareError = text
	r.log.logf("%s", text)
}

// loginResult returns how a login that failed ended, as the guard counts it.
func loginResult(err error) lockout.Result {
	switch status := smb.StatusOf(err); {
	case errors.Is(err, smb.ErrNotSent):
		return lockout.NotSent
	case errors.Is(err, smb.ErrGuest):
		return lockout.Guest
	case errors.Is(err, smb.ErrEncryptionRequired):
		return lockout.Accepted // the server says so in its answer to the login
	case isRestriction(status):
		return lockout.Restricted
	case isWrongPassword(status):
		return lockout.Refused
	case isNotChecked(status):
		return lockout.NotSent
	}
	return lockout.InDoubt
}
