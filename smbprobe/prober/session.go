package prober

import (
	"context"
	"errors"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// usesRPC reports whether a module needs anything that is read over RPC.
func usesRPC(m smbprobe.Module) bool { return m.EventLog.Enabled || usesServerInfo(m) }

// usesServerInfo reports whether a module needs more over RPC than the event log.
func usesServerInfo(m smbprobe.Module) bool { return m.Server.Registry || len(m.Server.Services) > 0 }

// runChecks runs all checks of a session in parallel, then those that only some
// results make necessary. Each is recorded even if others fail. The error is the most
// important one.
func (r *run) runChecks(ctx context.Context, session smb.Session) error {
	var shareErr, rpcErr error
	r.runParallel(ctx,
		func(ctx context.Context) { shareErr = r.probeShare(ctx, session) },
		func(ctx context.Context) { rpcErr = r.probeRPC(ctx, session) },
	)
	r.result.RPC = r.rpc.state(r.result.Share)
	if r.result.ClockOffset == nil {
		r.result.ClockOffset = r.result.Host.ClockOffset
	}
	r.result.Eventlog = r.eventlogResult()
	r.runFollowUpChecks(ctx, session)
	if r.calls != nil {
		r.result.SilentCalls = r.calls.names()
		r.prober.hints.update(r.target.Name, func(h *hints) { h.silentCalls = r.calls.next() })
	}
	return worstError(shareErr, rpcErr)
}

// probeShare connects the share and reads what is needed from it.
func (r *run) probeShare(ctx context.Context, session smb.Session) error {
	expect(ctx, 3)
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

// probeRPC reads everything that is read over RPC, each part on a pipe of its own.
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
	r.calls = &callWatch{limit: r.target.Module.Timeout / optionalCallShare, earlier: r.prober.hints.get(r.target.Name).silentCalls}
	if deadline, ok := ctx.Deadline(); ok {
		r.calls.limit = time.Until(deadline) / optionalCallShare
	}
	tree = r.calls.tree(tree)
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

// recordIPCError records that IPC$ could not be connected, and no pipe with it.
func (r *run) recordIPCError(err error) {
	r.log.logf("no pipes: %v", err)
	r.rpc.record(pipeShare, err)
	m, unreadable := r.target.Module, false
	if m.EventLog.Enabled {
		r.eventlog.err = err
	}
	if m.Server.Registry {
		r.result.Registry = smbprobe.RegistryResult{Readable: &unreadable, Error: errorText(err)}
	}
	if usesServerInfo(m) {
		r.result.Host.Error = errorText(err)
		r.result.Services = servicesFailed(serviceNames(m), err)
	}
}

// worstError returns the error that matters most to the next step: a panic, then a lost
// connection, otherwise the first one.
func worstError(errs ...error) (worst error) {
	for _, err := range errs {
		if err != nil && (worst == nil || errorRank(err) > errorRank(worst)) {
			worst = err
		}
	}
	return worst
}

func errorRank(err error) int {
	if _, ok := errors.AsType[*smb.PanicError](err); ok {
		return 2
	}
	if errors.Is(err, smb.ErrConnectionLost) {
		return 1
	}
	return 0
}

// isAnswer reports whether an error is the server's own answer: an NT status, an RPC
// fault or rejection, or the return code of a call.
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
