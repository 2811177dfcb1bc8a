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

// share is a share of the host, which may be removed at the moment.
type share struct {
	name     string
	remark   string
	kind     uint32
	path     string // `C:\WINNT`; empty: IPC$
	removed  bool
	refusal  uint32 // the NT status that tree connects fail with; 0: none
	revision int    // number of removals: a tree with an earlier one is gone
	service  string // in the answer to a tree connect; empty: "IPC" or "A:"
}

// newShares returns the shares that NT creates itself.
func newShares() map[string]*share {
	return map[string]*share{
		"ADMIN$": {name: "ADMIN$", remark: "Remote Admin", kind: shareTypeDisk | shareTypeSpecial, path: systemRoot},
		"C$":     {name: "C$", remark: "Default share", kind: shareTypeDisk | shareTypeSpecial, path: drive},
		"IPC$":   {name: "IPC$", remark: "Remote IPC", kind: shareTypeIPC | shareTypeSpecial},
	}
}

func (s *share) isIPC() bool { return s.kind&^shareTypeSpecial == shareTypeIPC }

// changeShare changes a share of the host, if it has one with this name.
func (h *Host) changeShare(name string, change func(*share)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.shares[strings.ToUpper(name)]; s != nil {
		change(s)
	}
}

// RemoveShare removes one of ADMIN$, C$ and IPC$. Connected trees end.
func (h *Host) RemoveShare(name string) {
	h.changeShare(name, func(s *share) {
		s.removed = true
		s.revision++
	})
}

// RestoreShare restores a removed share.
func (h *Host) RestoreShare(name string) {
	h.changeShare(name, func(s *share) { s.removed = false })
}

// SetShareService lets a share be of another kind: "LPT1:" is a printer's, "COMM" a modem's
// (MS-CIFS 2.2.4.55.2).
func (h *Host) SetShareService(name, service string) {
	h.changeShare(name, func(s *share) { s.service = service })
}

// SetShareStatus makes tree connects to a share fail with an NT status: paused, full, out of
// resources; 0: they work again.
func (h *Host) SetShareStatus(name string, status uint32) {
	h.changeShare(name, func(s *share) { s.refusal = status })
}

// SetSharePath makes a disk share lead to another folder of the server's disk, which
// NetrShareGetInfo names to administrators at level 2: `C:\WINNT`. Trees that are connected
// to it follow.
func (h *Host) SetSharePath(name, path string) {
	h.changeShare(name, func(s *share) {
		if !s.isIPC() {
			s.path = path
		}
	})
}

// listShares returns the shares for the programs behind the pipes.
func (h *Host) listShares() []rpc.Share {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []rpc.Share
	for _, name := range []string{"ADMIN$", "IPC$", "C$"} {
		if s := h.shares[name]; !s.removed {
			all = append(all, rpc.Share{Name: s.name, Type: s.kind, Remark: s.remark, Path: s.path})
		}
	}
	return all
}

// tree is a connected share, identified by its TID.
type tree struct {
	uid      uint16
	share    *share
	revision int // of the share
}

// treeConnect is TREE_CONNECT_ANDX (MS-CIFS 2.2.4.55, 3.3.5.45). NT accepts any server
// name in the path.
func (c *conn) treeConnect(r *request, w *writer) uint32 {
	if r.wordCount() != 4 || int(r.u16(6)) > len(r.bytes) {
		return statusInvalidSMB
	}
	const disconnectFirst = 0x0001
	names := r.textsOf(int(r.u16(6)), c.unicode(r))
	path, service := names.next(), names.nextOEM()
	if r.u16(4)&disconnectFirst != 0 {
		c.endTree(r.tid)
	}
	s, revision, status := c.host.connectShare(path, service, r.session)
	if status != statusOK {
		return status
	}
	if len(c.trees) >= maxTrees {
		return statusInsuffServerResources
	}
	c.lastTID = freeID(c.trees, c.lastTID)
	c.trees[c.lastTID] = &tree{uid: r.uid, share: s, revision: revision}
	c.host.counters.change(func(s *Statistics) { s.TreesNow++ })
	r.tid = c.lastTID

	const supportsSearchBits = 0x0001
	w.andX()
	w.u16(supportsSearchBits)
	w.data()
	if s.service != "" {
		w.bytes([]byte(s.service + "\x00"))
		w.text("")
	} else if s.isIPC() {
		w.bytes([]byte("IPC\x00"))
		w.text("")
	} else {
		w.bytes([]byte("A:\x00"))
		w.text("NTFS")
	}
	w.endAndX()
	return statusOK
}

// connectShare decides on a tree connect. Administrative shares refuse other accounts here,
// and not at an open (MS-CIFS appendix A <308>).
func (h *Host) connectShare(path, service string, by *session) (s *share, revision int, status uint32) {
	name := path[strings.LastIndexByte(path, '\\')+1:]
	h.mu.Lock()
	defer h.mu.Unlock()
	s = h.shares[strings.ToUpper(name)]
	switch {
	case !strings.HasPrefix(path, `\\`), s == nil, s.removed:
		return nil, 0, statusBadNetworkName
	case s.refusal != statusOK:
		return nil, 0, s.refusal
	case s.isIPC():
		return s, s.revision, statusOK // whatever type was requested
	case service != "?????" && service != "A:":
		return nil, 0, statusBadDeviceType
	case !by.administrator:
		return nil, 0, statusAccessDenied
	}
	return s, s.revision, statusOK
}

// isGone reports whether a tree's share was removed after the tree connect.
func (h *Host) isGone(t *tree) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return t.share.revision != t.revision
}

// treeDisconnect is TREE_DISCONNECT (MS-CIFS 2.2.4.51).
func (c *conn) treeDisconnect(r *request, w *writer) uint32 {
	if r.wordCount() != 0 {
		return statusInvalidSMB
	}
	c.endTree(r.tid)
	w.empty()
	return statusOK
}

// endTree ends a tree, if it exists, with what is open on it.
func (c *conn) endTree(tid uint16) {
	if c.trees[tid] == nil {
		return
	}
	c.endOpens(func(o *open) bool { return o.tid == tid })
	for sid, s := range c.searches {
		if s.tid == tid {
			delete(c.searches, sid)
		}
	}
	delete(c.trees, tid)
	c.host.counters.change(func(s *Statistics) { s.TreesNow-- })
}
