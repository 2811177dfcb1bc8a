package lockout

import (
	"reflect"
	"time"
)

// merge takes over the records of the file. If they are authoritative, what they do not
// have has ended; otherwise memory may have more.
func (g *Guard) merge(records []authorityRecord, i instant, authoritative bool) {
	byID := make(map[mac]*authority, len(g.authorities))
	for _, a := range g.authorities {
		byID[a.id] = a
	}
	g.file.others = nil
	found := make(map[*authority]bool)
	for _, r := range records {
		a := byID[r.ID]
		if a == nil || g.checkOf(a.credentials) != r.Check {
			g.file.others = append(g.file.others, r)
			if a != nil {
				a.loadRefusals(r.Targets, i)
			}
			continue
		}
		found[a] = true
		a.load(&r, i, authoritative)
	}
	for _, a := range g.authorities {
		if a.recorded != nil && !found[a] {
			a.load(new(authorityRecord), i, authoritative)
			a.recorded = nil
		}
	}
}

// load takes over what has changed in the file since it was last read or written. The
// rest stays: its times do not depend on the wall clock.
func (a *authority) load(r *authorityRecord, i instant, authoritative bool) {
	was := a.recorded
	if was == nil {
		was = new(authorityRecord)
	}
	if authoritative && reflect.DeepEqual(r, was) {
		return
	}
	a.recorded = r
	a.loadLogins(r, was, i, authoritative)
	if r.Hold != was.Hold {
		a.hold.load(r.Hold, i, firstAuthorityHold, authoritative)
	}
	if r.Pending != was.Pending {
		a.pending = r.Pending || a.pending && !authoritative
	}
	a.loadTargets(r, was, i, authoritative)
	if accepted := i.fromFile(r.AcceptedAt, i.now); r.AcceptedAt != was.AcceptedAt && accepted.After(a.lastAccepted) {
		a.lastAccepted, a.lastTarget = accepted, r.AcceptedBy
		if t := a.targetByID(r.AcceptedBy); t != nil && t.acceptedAt.Before(accepted) {
			t.acceptedAt, a.newest = accepted, nil
			if t.last == lastUnknown {
				t.last = lastAccepted
			}
		}
	}
}

func (a *authority) loadLogins(r, was *authorityRecord, i instant, authoritative bool) {
	known := make(map[loginID]*login, len(a.counted))
	for _, l := range a.counted {
		known[l.id] = l
	}
	old := make(map[loginID]loginRecord, len(was.Logins))
	for _, l := range was.Logins {
		old[l.ID] = l
	}
	counted := make([]*login, 0, len(r.Logins))
	for _, lr := range r.Logins {
		l := known[lr.ID]
		delete(known, lr.ID)
		switch changed := lr != old[lr.ID]; {
		case l == nil && !changed:
			continue // it has left the count since
		case l == nil:
			l = &login{authority: a, id: lr.ID, target: a.targetByID(lr.Target)}
			l.load(lr, i)
		case changed && authoritative:
			l.load(lr, i)
		}
		counted = append(counted, l)
	}
	if !authoritative {
		for _, l := range known {
			counted = append(counted, l)
		}
	}
	a.counted = counted
}

func (l *login) load(r loginRecord, i instant) {
	latest := i.now
	state, _ := r.State.state() // was validated
	if state == loginUnderWay {
		latest = i.now.Add(maxLoginTime)
	}
	l.state, l.end = state, i.fromFile(r.End, latest)
	l.sent = i.fromFile(r.Sent, i.now)
	if l.sent.After(l.end) {
		l.sent = l.end
	}
	l.targetID, l.domain, l.exempt = r.Target, r.Domain, r.Exempt
}

// load takes over a hold. It never lasts longer from now than its own length.
func (h *hold) load(r holdRecord, i instant, first time.Duration, authoritative bool) {
	length := min(max(time.Duration(min(r.Length, longestHold.Milliseconds()))*time.Millisecond, 0), longestHold)
	doubled := min(max(time.Duration(min(r.Doubled, longestHold.Milliseconds()))*time.Millisecond, 0), longestHold)
	if length == 0 {
		length = first
	}
	until := i.fromFile(r.Until, i.now.Add(length))
	if !authoritative {
		doubled = max(doubled, h.doubled)
		if h.until.After(until) {
			until, length = h.until, h.length
		}
	}
	*h = hold{until: until, length: length, doubled: doubled}
}

func (a *authority) loadTargets(r, was *authorityRecord, i instant, authoritative bool) {
	old := make(map[mac]targetRecord, len(was.Targets))
	for _, t := range was.Targets {
		old[t.ID] = t
	}
	a.otherTargets = nil
	for _, tr := range r.Targets {
		t := a.targetByID(tr.ID)
		if t == nil {
			a.otherTargets = append(a.otherTargets, tr)
			continue
		}
		if tr != old[tr.ID] {
			t.load(tr, i, authoritative)
			a.note(t)
		}
		delete(old, tr.ID)
	}
	if !authoritative {
		return
	}
	for id := range old {
		if t := a.targetByID(id); t != nil { // accepted, or a guest's hold is over
			t.hold, t.refused, t.refusals = hold{}, false, 0
			if t.last != lastAccepted {
				t.last = lastUnknown
			}
			delete(a.noted, t)
		}
	}
}

func (t *target) load(r targetRecord, i instant, authoritative bool) {
	t.hold.load(r.Hold, i, firstTargetHold, authoritative)
	t.refused = r.Refused || t.refused && !authoritative
	if authoritative || r.Refusals > t.refusals {
		t.refusals, t.refusedAt = r.Refusals, i.fromFile(r.RefusedAt, i.now)
	}
	switch {
	case r.InDoubt:
		t.last, t.doubtUsed = lastInDoubt, true
	case r.Refused:
		t.last = lastRefused
	case t.until.After(i.now):
		t.last = lastGuest
	}
}

// loadRefusals takes over what the targets' own accounts have counted, from a record
// with another password.
func (a *authority) loadRefusals(records []targetRecord, i instant) {
	for _, r := range records {
		at := i.fromFile(r.RefusedAt, i.now)
		if t := a.targetByID(r.ID); t != nil && r.Refusals > 0 && at.Sub(t.refusedAt) > jumpTolerance {
			t.refusals, t.refusedAt = r.Refusals, at
			a.note(t)
		}
	}
}

// targetByID returns the target that the file calls by this name, nil if it is not
// configured.
func (a *authority) targetByID(id mac) *target {
	if a.byID == nil {
		a.byID = make(map[mac]*target, len(a.targets))
		for _, t := range a.targets {
			a.byID[t.id] = t
		}
	}
	return a.byID[id]
}

// record returns what the file has to have.
func (g *Guard) record(i instant) *fileRecord {
	r := &fileRecord{Version: fileVersion, Salt: g.file.salt, Authorities: []authorityRecord{}}
	for _, a := range g.authorities {
		if a.recorded = a.record(i); a.recorded != nil {
			a.recorded.Check = g.checkOf(a.credentials)
			r.Authorities = append(r.Authorities, *a.recorded)
		}
	}
	oldest := i.toFile(i.now.Add(-keepOthers))
	for _, o := range g.file.others {
		if o.lastEvent() >= oldest {
			r.Authorities = append(r.Authorities, o)
		}
	}
	return r
}

// record returns nil if there is nothing to record.
func (a *authority) record(i instant) *authorityRecord {
	if a.key.domain == "" && len(a.counted) == 0 && len(a.noted) == 0 && len(a.otherTargets) == 0 && a.hold == (hold{}) && !a.pending {
		return nil
	}
	r := &authorityRecord{ID: a.id, Hold: a.hold.record(i), Pending: a.pending}
	for _, l := range a.counted {
		r.Logins = append(r.Logins, loginRecord{
			ID: l.id, Target: l.targetID, Domain: l.domain, State: recordStates[l.state],
			Sent: i.toFile(l.sent), End: i.toFile(l.end), Exempt: l.exempt,
		})
	}
	for t := range a.noted {
		if t.refused || t.last == lastInDoubt || t.until.After(i.now) || t.refusedAt.Add(countingTime).After(i.now) {
			r.Targets = append(r.Targets, targetRecord{
				ID: t.id, Hold: t.hold.record(i), Refused: t.refused, InDoubt: t.last == lastInDoubt,
				Refusals: t.refusals, RefusedAt: i.toFile(t.refusedAt),
			})
		} else {
			delete(a.noted, t)
		}
	}
	oldest := i.toFile(i.now.Add(-keepOthers))
	for _, t := range a.otherTargets {
		if max(t.Hold.Until, t.RefusedAt) >= oldest {
			r.Targets = append(r.Targets, t)
		}
	}
	if a.key.domain != "" { // otherwise there is no other target that it might have been
		r.AcceptedBy, r.AcceptedAt = a.lastTarget, i.toFile(a.lastAccepted)
	}
	if len(r.Logins) == 0 && len(r.Targets) == 0 && a.hold == (hold{}) && !r.Pending && r.AcceptedAt == 0 {
		return nil
	}
	return r
}

func (h hold) record(i instant) holdRecord {
	return holdRecord{Until: i.toFile(h.until), Length: h.length.Milliseconds(), Doubled: h.doubled.Milliseconds()}
}
