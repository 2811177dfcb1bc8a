package prober

import (
	"context"
	"errors"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// serverName is the name by which calls know the server.
func (r *run) serverName() string {
	name := r.target.Host
	if s := r.result.Server; s != nil {
		name = firstText(s.NetBIOSName, name)
	}
	return name
}

// systemDriveShare is the share of the system's drive, where nothing says otherwise.
const systemDriveShare = "C$"

// probeServerInfo asks the Server service for what it says of the computer and its shares.
func (r *run) probeServerInfo(ctx context.Context, tree smb.Tree) error {
	h := &r.result.Host
	err := r.queryServerInfo(ctx, tree, h)
	if err != nil {
		h.Error = errorText(err)
		h.Refused = accessDenied(err) && !h.Known && h.Time == nil && h.AdminShare == nil
	}
	return err
}

// accessDenied reports whether a server refused a pipe or a call for lack of rights.
func accessDenied(err error) bool {
	if fault, ok := errors.AsType[msrpc.Fault](err); ok {
		return fault.Code == uint32(msrpc.ErrorAccessDenied)
	}
	switch smb.StatusOf(err) {
	case smb.StatusAccessDenied, smb.StatusNetworkAccessDenied:
		return true
	}
	return refused(err)
}

func (r *run) queryServerInfo(ctx context.Context, tree smb.Tree, h *smbprobe.HostResult) error {
	expect(ctx, 6) // open, bind, and the calls
	pipe, err := openPipe(ctx, tree, srvsvc.PipeName)
	if err != nil {
		return err
	}
	server, err := srvsvc.Open(ctx, pipe, r.serverName())
	if err != nil {
		return err
	}
	h.SystemDrive = systemDriveShare
	return callAll(
		func() error { return readServerInfo(ctx, server, h) },
		func() (err error) {
			h.AdminShare, h.SharePath, err = sharePath(ctx, server, r.target.Module.Share)
			return err
		},
		func() (err error) { h.SystemShare, err = hasShare(ctx, server, systemDriveShare); return err },
		func() error { return readClock(ctx, server, h) }, // last: some servers never answer it
	)
}

// callAll makes calls one after another until one gets no answer of its own. A
// refusal of one is no reason to leave the others out. It returns the first error.
func callAll(calls ...func() error) (first error) {
	for _, call := range calls {
		err := call()
		if first == nil {
			first = err
		}
		if _, answered := errors.AsType[msrpc.Win32Error](err); err != nil && !answered {
			return err
		}
	}
	return first
}

func readServerInfo(ctx context.Context, server *srvsvc.Conn, h *smbprobe.HostResult) error {
	info, err := server.Server(ctx)
	if err != nil {
		return err
	}
	h.Known, h.Major, h.Minor = true, info.Major, info.Minor
	h.DomainController = info.Type&(srvsvc.TypeDomainController|srvsvc.TypeBackupDomainController) != 0
	h.BackupController = info.Type&srvsvc.TypeBackupDomainController != 0
	h.Server = h.DomainController || info.Type&srvsvc.TypeServerNT != 0
	return nil
}

func readClock(ctx context.Context, server *srvsvc.Conn, h *smbprobe.HostResult) error {
	asked := time.Now()
	now, err := server.TimeOfDay(ctx)
	if err != nil {
		return err
	}
	offset := now.Time.Sub(asked.Add(time.Since(asked) / 2)) // half way through the call
	h.Time, h.ClockOffset = &now.Time, &offset
	if now.SinceStart > 0 {
		h.Started = &now.SinceStart
	}
	return nil
}

// sharePath reports whether the Server service knows a share, and where it leads. Only
// administrators may ask for the path; without it the answer is that of hasShare.
func sharePath(ctx context.Context, server *srvsvc.Conn, name string) (found *bool, path string, err error) {
	path, there, err := server.SharePath(ctx, name)
	if _, answered := errors.AsType[msrpc.Win32Error](err); answered {
		found, err = hasShare(ctx, server, name)
		return found, "", err
	}
	if err != nil {
		return nil, "", err
	}
	return &there, path, nil
}

// hasShare reports whether the Server service knows a share; nil where it does not tell.
func hasShare(ctx context.Context, server *srvsvc.Conn, name string) (*bool, error) {
	_, found, err := server.Share(ctx, name)
	if err != nil {
		return nil, err
	}
	return &found, nil
}
