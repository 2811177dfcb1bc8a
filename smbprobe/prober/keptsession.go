package prober

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// resume makes a parked session that of a probe.
func (k *keptSession) resume(rounds *smb.Rounds, trace smb.Trace) {
	k.session.Resume(rounds, trace)
	k.parked = false
}

// close logs off and closes the connection. A failure does not matter: nothing is left of
// the session in any case.
func (k *keptSession) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if k.parked {
		k.resume(smb.NewRounds(), nil)
	}
	_ = k.session.Close(ctx)
}

// settle closes what the last probe opened, waits for the answers, and parks the session. A
// session that is new gets its pipes first.
func (k *keptSession) settle(ctx context.Context) (err error) {
	defer recoverAsError(&err)
	rounds := smb.NewRounds()
	k.session.Attach(rounds, nil)
	if k.ipc == nil {
		ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
		defer cancel()
		if err := k.prepare(ctx, rounds); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, parkTimeout)
	defer cancel()
	errs := make([]error, len(k.opened))
	var branches []func(context.Context)
	for i, opened := range k.opened { // a pipe takes one call at a time
		branches = append(branches, func(ctx context.Context) {
			for _, o := range opened {
				if errs[i] = o.Close(ctx); errs[i] != nil {
					return
				}
			}
		})
	}
	k.opened = nil
	runParallel(ctx, rounds, branches...)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	err = k.session.Park(ctx, k.pipes...)
	k.parked = err == nil
	return err
}

// prepare opens the pipes that the next probes use.
func (k *keptSession) prepare(ctx context.Context, rounds *smb.Rounds) error {
	ipc, err := k.session.Connect(ctx, pipeShare)
	if err != nil {
		return err
	}
	k.ipc = ipc
	m := k.target.Module
	var logErr, clockErr error
	var log, clock smb.Pipe
	branches := []func(context.Context){
		func(ctx context.Context) {
			if clock, clockErr = openPipe(ctx, ipc, srvsvc.PipeName); clockErr != nil {
				return
			}
			if k.clock, clockErr = srvsvc.Open(ctx, clock, k.serverName()); clockErr != nil {
				return
			}
			_, clockErr = k.clock.TimeOfDay(ctx)
		},
		func(ctx context.Context) {
			if !m.EventLog.Enabled {
				return
			}
			if log, logErr = openPipe(ctx, ipc, eventlog.PipeName); logErr == nil {
				k.log, logErr = eventlog.Bind(ctx, log)
			}
		},
	}
	managers := min(maxServicePipes, len(serviceNames(m)))
	k.managers = make([]*svcctl.Manager, managers)
	pipes, errs := make([]smb.Pipe, managers), make([]error, managers)
	for i := range managers {
		branches = append(branches, func(ctx context.Context) {
			if pipes[i], errs[i] = openPipe(ctx, ipc, svcctl.PipeName); errs[i] == nil {
				k.managers[i], errs[i] = svcctl.Open(ctx, pipes[i], k.serverName())
			}
		})
	}
	runParallel(ctx, rounds, branches...)
	k.silentClock = clockErr != nil && !errors.Is(clockErr, smb.ErrConnectionLost)
	if err := errors.Join(append(errs, clockErr, logErr)...); err != nil {
		return fmt.Errorf("the pipes of a session that is to be kept: %w", err)
	}
	k.pipes = append(pipes, clock)
	if log != nil {
		k.pipes = append(k.pipes, log)
	}
	for _, p := range k.pipes {
		if limiter, ok := p.(smb.CallLimiter); ok {
			limiter.LimitCalls(m.Timeout / optionalCallShare) // leaves time for a new session
		}
	}
	return nil
}

// serverName is the name by which calls know the server.
func (k *keptSession) serverName() string { return firstText(k.info.NetBIOSName, k.target.Host) }

// used notes that a probe used the session.
func (k *keptSession) used(now time.Time) {
	if !k.usedAt.IsZero() {
		k.gap = now.Sub(k.usedAt)
	}
	k.usedAt = now
}
