package prober

import (
	"context"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxRegistryPath bounds a path that the registry names.
const maxRegistryPath = 260

// runFollowUpChecks asks what only some answers make worth asking, one after another.
func (r *run) runFollowUpChecks(ctx context.Context, session smb.Session) {
	r.checkWin2000Place(ctx, session)
	if r.result.RPC != smbprobe.RPCAnswers {
		return
	}
	m := r.target.Module
	if drive := r.systemDrive(); usesServerInfo(m) && drive != systemDriveShare {
		// C$ is not the system's drive, and tells nothing of it.
		r.result.Host.SystemDrive, r.result.Host.SystemShare = drive, nil
		if r.result.Share == smbprobe.ShareMissing {
			r.logError("share "+drive, r.querySystemShare(ctx, drive))
		}
	}
	if m.Server.Registry && (r.failedWith("5") || accessDenied(r.eventlog.err)) {
		r.logError("security log", r.readAuditFlag(ctx))
	}
	if m.Server.Registry && r.isNT4() && r.failedWith("2") {
		r.logError("network cards", r.readNetworkCards(ctx))
	}
}

func (r *run) logError(what string, err error) {
	if err != nil {
		r.log.logf("%s: %v", what, err)
	}
}

// isNewer reports whether the server said that it runs Windows 2000 or later.
func (r *run) isNewer() bool {
	s := r.result.Server
	switch {
	case s == nil || r.isNT4():
		return false
	case s.Dialect != dialectNTLM012:
		return true // no older Windows speaks another one
	case strings.HasPrefix(s.OS, "Windows "):
		return true // "Windows 5.0"
	}
	return r.result.Host.Known && r.result.Host.Major >= 5
}

// dialectNTLM012 is the dialect of SMB1 (MS-CIFS 2.2.4.52.1).
const dialectNTLM012 = "NT LM 0.12"

// systemDrive returns the share of the drive that Windows lies on.
func (r *run) systemDrive() string {
	if root := r.result.Registry.SystemRoot; root != nil && root.Set {
		if share, _, ok := splitDrive(root.Value); ok {
			return share
		}
	}
	return systemDriveShare
}

// splitDrive splits C:\WINNT into the share of the drive and the path on it. What a
// server says is not trusted: anything else than plain names is refused.
func splitDrive(path string) (share, rest string, ok bool) {
	if len(path) < 3 || len(path) > maxRegistryPath || path[1] != ':' || path[2] != '\\' {
		return "", "", false
	}
	letter := path[0] &^ 0x20 // upper case
	if letter < 'A' || letter > 'Z' {
		return "", "", false
	}
	rest = strings.Trim(path[3:], `\`)
	if strings.ContainsAny(rest, "/:*?\"<>|%") || slices.Contains(strings.Split(rest, `\`), "..") {
		return "", "", false
	}
	return string(rune(letter)) + "$", rest, true
}

// querySystemShare asks whether the share of the system's drive is there, where that is
// another drive than C.
func (r *run) querySystemShare(ctx context.Context, share string) error {
	pipe, err := openPipe(ctx, r.ipc, srvsvc.PipeName)
	if err != nil {
		return err
	}
	server, err := srvsvc.Open(ctx, pipe, r.serverName())
	if err != nil {
		return err
	}
	r.result.Host.SystemShare, err = hasShare(ctx, server, share)
	return err
}
