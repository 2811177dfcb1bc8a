package prober

import (
	"context"
	"errors"
	"sync"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// usesRPC reports whether a module needs anything that is read over RPC.
func usesRPC(m smbprobe.Module) bool { return m.EventLog.Enabled || usesServerInfo(m) }

// usesServerInfo reports whether a module needs more over RPC than the event log.
func usesServerInfo(m smbprobe.Module) bool { return m.Server.Registry || len(m.Server.Services) > 0 }

// ask asks everything of a session, all of it side by side: each is reported where
// others fail. What only some answers make worth asking comes after. The error is
// the one that says most.
func (r *run) runChecks(ctx context.Context, session smb.Session) error {
	var shareErr, pipesErr error
	r.runParallel(ctx,
		func(ctx context.Context) { shareErr = r.probeShare(ctx, session) },
		func(ctx context.Context) { pipesErr = r.probeRPC(ctx, session) },
	)
	r.result.RPC = r.rpc.state(r.result.Share)
	r.result.Eventlog.Size = r.logSize
	if r.result.ClockOffset == nil {
		r.result.ClockOffset = r.result.Host.ClockOffset
	}
	r.runFollowUpChecks(ctx, session)
	return worstError(shareErr, pipesErr)
}

// beside runs branches of the probe side by side, and waits for all. The round
// trips of the longest count.
func (r *run) runParallel(ctx context.Context, branches ...func(context.Context)) {
	rounds := smb.RoundsFrom(ctx, &r.rounds)
	var wait sync.WaitGroup
	forks := make([]*smb.Rounds, len(branches))
	for i, branch := range branches {
		forks[i] = rounds.Fork()
		wait.Go(func() { branch(smb.ContextWithRounds(ctx, forks[i])) })
	}
	wait.Wait()
	for _, fork := range forks {
		rounds.Join(fork)
	}
}

// probeShare opens the share, and asks for what lies in it.
func (r *run) probeShare(ctx context.Context, session smb.Session) error {
	var tree smb.Tree
	err := r.log.step(smbprobe.StepShare, func() (err error) {
		tree, err = session.Connect(ctx, r.target.Module.Share)
		return err
	})
	if err != nil {
		return r.recordShareError(treeState(err), err)
	}
	r.result.Share = smbprobe.ShareOK
	branches := []func(context.Context){
		func(ctx context.Context) {
			err = r.log.step(smbprobe.StepPhonebook, func() error { return r.readPhonebook(ctx, tree) })
		},
	}
	if r.target.Module.EventLog.Enabled {
		branches = append(branches, func(ctx context.Context) { r.readLogSize(ctx, tree) })
	}
	r.runParallel(ctx, branches...)
	return err
}

// probeRPC asks for everything that RPC has to tell, each on a pipe of its own.
func (r *run) probeRPC(ctx context.Context, session smb.Session) error {
	m := r.target.Module
	if !usesRPC(m) {
		return nil
	}
	tree, err := session.Connect(ctx, pipeShare)
	if err != nil {
		r.recordIPCError(err)
		return err
	}
	r.ipc = tree
	var eventlogErr, registryErr, servicesErr error
	var branches []func(context.Context)
	if m.EventLog.Enabled {
		branches = append(branches, func(ctx context.Context) {
			eventlogErr = r.log.step(smbprobe.StepEventlog, func() error { return r.readEventlog(ctx, tree) })
			r.rpc.record(eventlog.PipeName, eventlogErr)
		})
	}
	if m.Server.Registry {
		branches = append(branches, func(ctx context.Context) {
			registryErr = r.log.step(smbprobe.StepRegistry, func() error { return r.readRegistry(ctx, tree) })
		})
	}
	if usesServerInfo(m) {
		branches = append(branches, func(ctx context.Context) {
			servicesErr = r.log.step(smbprobe.StepServices, func() error { return r.readServices(ctx, tree) })
		})
	}
	r.runParallel(ctx, branches...)
	return worstError(eventlogErr, registryErr, servicesErr)
}

// recordIPCError notes that no pipe could be asked for, and why.
func (r *run) recordIPCError(err error) {
	r.log.logf("no pipes: %v", err)
	r.rpc.record(pipeShare, err)
	m, unreadable := r.target.Module, false
	if m.EventLog.Enabled {
		r.result.Eventlog = smbprobe.EventlogResult{Readable: &unreadable, Status: smb.StatusOf(err), Error: err.Error()}
	}
	if m.Server.Registry {
		r.result.Registry = smbprobe.RegistryResult{Readable: &unreadable, Error: err.Error()}
	}
	if usesServerInfo(m) {
		r.result.Host.Error = err.Error()
		r.result.Services = servicesFailed(serviceNames(m), err)
	}
}

// worst returns of several errors the one that matters most to what comes next: a
// lost connection, else the first.
func worstError(errs ...error) (worst error) {
	for _, err := range errs {
		if err != nil && (worst == nil || errors.Is(err, smb.ErrConnectionLost) && !errors.Is(worst, smb.ErrConnectionLost)) {
			worst = err
		}
	}
	return worst
}

// definite reports whether an error is the server's own answer: a status, a fault or a
// refusal of its RPC, or a code of a call.
func isAnswer(err error) bool {
	if _, ok := errors.AsType[msrpc.Fault](err); ok {
		return true
	}
	if _, ok := errors.AsType[msrpc.Win32Error](err); ok {
		return true
	}
	if errors.Is(err, msrpc.ErrRejected) {
		return true
	}
	return smb.StatusOf(err) != smb.StatusOK
}
