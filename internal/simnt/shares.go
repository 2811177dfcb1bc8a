package simnt

import (
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// Types of shares (MS-SRVS 2.2.2.4).
const (
	shareTypeDisk    = 0
	shareTypeIPC     = 3
	shareTypeSpecial = 0x80000000
)

// share is one that the host has, whether or not it is there now.
type share struct {
	name     string
	remark   string
	kind     uint32
	folder   string // on the disk, without drive; of disks alone
	removed  bool
	refusal  uint32 // an NT status that tree connects are answered with; 0: none
	revision int    // counts removals: a tree of an earlier one is gone
}

// newShares are the shares that NT makes of itself.
func newShares() map[string]*share {
	return map[string]*share{
		"ADMIN$": {name: "ADMIN$", remark: "Remote Admin", kind: shareTypeDisk | shareTypeSpecial, folder: withoutDrive(systemRoot)},
		"C$":     {name: "C$", remark: "Default share", kind: shareTypeDisk | shareTypeSpecial},
		"IPC$":   {name: "IPC$", remark: "Remote IPC", kind: shareTypeIPC | shareTypeSpecial},
	}
}

// path is where a share leads; empty for IPC$.
func (s *share) path() string {
	if s.isIPC() {
		return ""
	}
	return `C:\` + strings.TrimPrefix(s.folder, `\`)
}

// MoveShare lets a disk share lead to another folder of the drive, `OLDNT`.
func (h *Host) MoveShare(name, folder string) {
	h.changeShare(name, func(s *share) { s.folder = folder })
}

func (s *share) isIPC() bool { return s.kind&^shareTypeSpecial == shareTypeIPC }

// changeShare changes a share of the host. One that it never had is left alone.
func (h *Host) changeShare(name string, change func(*share)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.shares[strings.ToUpper(name)]; s != nil {
		change(s)
	}
}

// RemoveShare takes away one of ADMIN$, C$ and IPC$. Trees that are connected to it end.
func (h *Host) RemoveShare(name string) {
	h.changeShare(name, func(s *share) {
		s.removed = true
		s.revision++
	})
}

// RestoreShare brings a share back.
func (h *Host) RestoreShare(name string) {
	h.changeShare(name, func(s *share) { s.removed = false })
}

// SetShareStatus makes tree connects to a share answer with an NT status: paused, full, out of
// resources. 0: as usual.
func (h *Host) SetShareStatus(name string, status uint32) {
	h.changeShare(name, func(s *share) { s.refusal = status })
}

// listShares is what the programs behind the pipes ask.
func (h *Host) listShares() []rpc.Share {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []rpc.Share
	for _, name := range []string{"ADMIN$", "IPC$", "C$"} {
		if s := h.shares[name]; !s.removed {
			all = append(all, rpc.Share{Name: s.name, Type: s.kind, Remark: s.remark, Path: s.path()})
		}
	}
	return all
}
