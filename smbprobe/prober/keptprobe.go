package prober

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/dialfailures"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

// maxQuick is how many quick probes there are between two that ask for everything.
const maxQuick = 9

// errNeedsSession is why a probe on a kept session does not count: what it saw is for a
// probe of its own to examine.
var errNeedsSession = errors.New("a new session decides")

// probeKept probes on the session that is kept for the target, and reports whether there
// was one, and it found everything in order. Anything else is left to a new session, which
// asks for everything: the kept one may be at fault.
func (r *run) probeKept(ctx context.Context) (accepted bool) {
	kept := r.prober.kept
	if r.target.Module.Session != smbprobe.SessionKept {
		return false
	}
	k := kept.take(ctx, r.target)
	if k == nil {
		return false
	}
	k.used(time.Now())
	k.resume(r.rounds, r.trace)
	err := r.onKeptSession(ctx, k)
	if err != nil {
		r.log.logf("the session that was kept: %v", err)
		r.keptFailed = true
		k.close(ctx)
		return false
	}
	kept.park(k)
	return true
}

func (r *run) onKeptSession(ctx context.Context, k *keptSession) (err error) {
	defer recoverAsError(&err)
	r.onKept = true
	r.result.Address = k.address
	info := k.info
	r.result.Server = &info
	if k.quick >= maxQuick {
		err = r.probeAgain(ctx, k)
	} else {
		err = r.probeQuickly(ctx, k)
	}
	if err == nil && !isKeepable(r.result) {
		err = errNeedsSession
	}
	return err
}

// probeAgain asks for everything.
func (r *run) probeAgain(ctx context.Context, k *keptSession) error {
	if err := r.readKeptClock(ctx, k); err != nil {
		return err
	}
	r.recordKeptClock(k)
	if err := r.runChecks(ctx, k.session); err != nil {
		return err
	}
	k.setLast(r.result)
	k.quick = 0
	return nil
}

// setLast remembers what a full probe found.
func (k *keptSession) setLast(r *smbprobe.Result) {
	k.last = keptAnswers{r.Phonebook, r.Registry, slices.Clone(r.Services), r.Host, r.Eventlog.Size} // the caller's result changes
}

// probeQuickly asks for what changes: whether the share can be connected and the phone book
// opened, size and time of the phone book, new events, the states of services, the time. The
// rest is what the last full probe found.
func (r *run) probeQuickly(ctx context.Context, k *keptSession) error {
	k.quick++
	var share, log, clock error
	branches := []func(context.Context){
		func(ctx context.Context) { log = r.readKeptLog(ctx, k) },
		func(ctx context.Context) { share = r.readKeptShare(ctx, k) },
		func(ctx context.Context) { clock = r.readKeptClock(ctx, k) },
	}
	services := slices.Clone(k.last.services)
	errs := make([]error, len(k.managers))
	opened := make([][]closer, len(k.managers))
	for i, manager := range k.managers {
		branches = append(branches, func(ctx context.Context) {
			from, to := i*len(services)/len(k.managers), (i+1)*len(services)/len(k.managers)
			opened[i], errs[i] = readKeptServices(ctx, manager, services[from:to])
		})
	}
	before := r.prober.logs.Get(r.logKey())
	runParallel(ctx, r.rounds, branches...)
	k.opened = append(k.opened, opened...)
	if err := worstError(append(errs, share, log, clock)...); err != nil {
		return err
	}
	r.recordKeptClock(k)
	r.result.Share, r.result.RPC = smbprobe.ShareOK, smbprobe.RPCAnswers
	r.result.Registry, r.result.Services = k.last.registry, services
	r.logSize = k.last.logSize
	if usesServerInfo(r.target.Module) {
		now := r.result.Host
		r.result.Host = k.last.host
		r.result.Host.Time, r.result.Host.ClockOffset, r.result.Host.Started = now.Time, now.ClockOffset, now.Started
	}
	if r.target.Module.EventLog.Enabled && logChanged(before, r.eventlog.memory) {
		return r.probeChanged(ctx, k)
	}
	r.result.Eventlog = r.eventlogResult()
	return nil
}

// probeChanged asks for what depends on the event log, after there are new events.
func (r *run) probeChanged(ctx context.Context, k *keptSession) error {
	tree, err := k.session.Connect(ctx, r.target.Module.Share)
	if err != nil {
		return err
	}
	r.readLogSize(ctx, tree)
	r.result.Eventlog = r.eventlogResult()
	r.ipc = k.ipc
	r.runFollowUpChecks(ctx, k.session)
	k.last.logSize, k.last.registry = r.logSize, r.result.Registry
	return nil
}

// logChanged reports whether a log has records that it did not have before.
func logChanged(before, now *dialfailures.Memory) bool {
	return before == nil || before.Newest != now.Newest || !before.NewestAt.Equal(now.NewestAt)
}

// readKeptShare connects the share again, because a tree that was connected earlier may
// survive the removal of its share, and opens the phone book for reading. Its content is read
// if size or time are others than before.
func (r *run) readKeptShare(ctx context.Context, k *keptSession) error {
	expect(ctx, 2)
	var tree smb.Tree
	if err := r.log.step(smbprobe.StepShare, func() (err error) {
		tree, err = k.session.Connect(ctx, r.target.Module.Share)
		return err
	}); err != nil {
		return err
	}
	return r.log.step(smbprobe.StepPhonebook, func() error {
		file, err := tree.Open(ctx, r.target.Module.Phonebook.Path)
		if err != nil {
			return err
		}
		last := &k.last.phonebook
		if isUnchanged(last, file.Info()) {
			r.result.Phonebook = *last
			return nil
		}
		if err := r.readPhonebook(ctx, tree); err != nil {
			return err
		}
		k.last.phonebook = r.result.Phonebook
		return nil
	})
}

// isUnchanged reports whether a file has the size and the time that it had before.
func isUnchanged(last *smbprobe.PhonebookResult, now smb.FileInfo) bool {
	return last.Size != nil && *last.Size == now.Size && last.Modified != nil && last.Modified.Equal(now.Modified)
}

// readKeptClock asks for the time, which no new NEGOTIATE tells. A time that contradicts that
// of the session's NEGOTIATE is for a new one to decide.
func (r *run) readKeptClock(ctx context.Context, k *keptSession) error {
	expect(ctx, 1)
	if err := readClock(ctx, k.clock, &r.result.Host); err != nil {
		return err
	}
	offset := *r.result.Host.ClockOffset
	if k.info.Time.IsZero() {
		return nil
	}
	if negotiated := k.info.Time.Sub(k.info.TimeSeenAt); (negotiated - offset).Abs() > maxClockDifference {
		return fmt.Errorf("%w: the server's clock is %s off since it was made", errNeedsSession, (negotiated - offset).Abs().Round(time.Second))
	}
	return nil
}

// recordKeptClock records the time that readKeptClock read.
func (r *run) recordKeptClock(k *keptSession) {
	h := &r.result.Host
	info := k.info
	info.Time, info.TimeSeenAt = *h.Time, h.Time.Add(-*h.ClockOffset)
	r.recordServerInfo(info)
	if !usesServerInfo(r.target.Module) {
		*h = smbprobe.HostResult{}
	}
}

// readKeptLog opens the log on the session's pipe and reads what is new.
func (r *run) readKeptLog(ctx context.Context, k *keptSession) error {
	if !r.target.Module.EventLog.Enabled {
		return nil
	}
	expect(ctx, 2)
	return r.log.step(smbprobe.StepEventlog, func() error {
		log, err := k.log.Open(ctx, r.target.Module.EventLog.Log)
		if err != nil {
			return err
		}
		k.opened = append(k.opened, []closer{log})
		key := r.logKey()
		memory, count, err := r.readOpenLog(ctx, log, r.prober.logs.Get(key).Clone())
		if err != nil {
			return err
		}
		r.eventlog = logRead{memory: memory, count: count}
		r.storeLog(key)
		return nil
	})
}

// readKeptServices asks for the states of services, whose other fields stay what the last
// full probe found. It does not keep a service open: one that is removed would stay until
// the handle is closed.
func readKeptServices(ctx context.Context, manager *svcctl.Manager, services []smbprobe.ServiceResult) (opened []closer, err error) {
	expect(ctx, 2*len(services))
	for i := range services {
		s := &services[i]
		service, err := manager.OpenService(ctx, s.Name, svcctl.QueryStatus)
		code, answered := errors.AsType[msrpc.Win32Error](err)
		installed := s.Installed != nil && *s.Installed
		switch {
		case answered && code == msrpc.ErrorServiceDoesNotExist && !installed:
			continue
		case err != nil:
			return opened, err
		case !installed:
			return append(opened, service), fmt.Errorf("%w: service %s is installed now", errNeedsSession, s.Name)
		}
		opened = append(opened, service)
		status, err := service.Status(ctx)
		if err != nil {
			return opened, err
		}
		s.State, s.ExitCode, s.InStateFor = serviceState(status.State), status.Win32ExitCode, nil
	}
	return opened, nil
}

// keep parks a session that is new, if the probe found everything in order.
func (r *run) keep(session smb.Session) (kept bool) {
	s, ok := session.(*smb1.Session)
	if !ok || !r.prober.kept.keeps(r.target) || r.progress() != complete || !isKeepable(r.result) {
		return false
	}
	now := time.Now()
	k := &keptSession{target: r.target, session: s, info: s.Server(), address: r.result.Address, madeAt: now, usedAt: now}
	k.setLast(r.result)
	k.target.Yield = nil
	r.prober.kept.park(k)
	return true
}

// isKeepable reports whether a result has nothing that needs a closer look at each probe.
func isKeepable(r *smbprobe.Result) bool {
	switch {
	case r.Share != smbprobe.ShareOK, r.Phonebook.State != smbprobe.PhonebookOK, r.Phonebook.Error != "",
		r.Phonebook.Size == nil, r.Phonebook.Modified == nil,
		r.Eventlog.Error != "", r.Eventlog.Readable != nil && !*r.Eventlog.Readable,
		r.Registry.Error != "", r.Registry.Readable != nil && !*r.Registry.Readable,
		r.Host.Error != "", len(r.SilentCalls) > 0:
		return false
	}
	return !slices.ContainsFunc(r.Services, func(s smbprobe.ServiceResult) bool {
		return s.Installed == nil || s.Error != "" || *s.Installed && s.State == ""
	})
}
