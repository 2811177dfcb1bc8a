package simnt

import (
	"strings"
)

// Access rights, share modes, dispositions and options of an open (MS-CIFS 2.2.1.4.1, 2.2.4.64.1).
const (
	accessRead     = 0x00000001
	accessExecute  = 0x00000020
	accessWrites   = 0x000D0156 // write and append data, write attributes and EAs, delete, delete child, change owner and security
	accessMaximum  = 0x02000000
	accessAll      = 0x10000000 // generic
	accessGenericW = 0x40000000
	accessGenericR = 0x80000000
	accessGenericX = 0x20000000
	shareRead      = 0x1
	optionFolder   = 0x1
	optionFile     = 0x40
)

// What an open does with a file that exists, and with one that does not (MS-CIFS 2.2.4.64.1).
const (
	dispositionOpen      = 1
	dispositionCreate    = 2
	dispositionOpenIf    = 3
	dispositionOverwrite = 4
)

// open is an open file, folder or pipe, identified by its FID.
type open struct {
	fid, tid, uid uint16
	node          *node // nil: a pipe
	reads         bool  // with the right to read the contents
	shares        uint32
	pipe          *pipe
}

// ntCreate is NT_CREATE_ANDX (MS-CIFS 2.2.4.64, 3.3.5.50).
func (c *conn) ntCreate(r *request, w *writer) uint32 {
	const createWords, nameAt = 24, 5
	if r.wordCount() != createWords {
		return statusInvalidSMB
	}
	size := int(r.u16(nameAt))
	name, ok := c.nameOf(r, size)
	if !ok {
		return statusInvalidSMB
	}
	if len(c.opens) >= maxOpens {
		return statusTooManyOpenedFiles
	}
	if rootFID := r.u32(11); rootFID != 0 {
		return statusInvalidHandle // names relative to an open folder are not simulated
	}
	if r.tree.share.isIPC() {
		return c.openPipe(r, w, name)
	}
	return c.openNode(r, w, name)
}

// nameOf returns the name in a create, whose size in bytes may include the terminator.
func (c *conn) nameOf(r *request, size int) (string, bool) {
	b, at := r.bytes, r.bytesAt
	if c.unicode(r) && at%2 != 0 && len(b) > 0 {
		b = b[1:]
	}
	if size > len(b) {
		return "", false
	}
	name := fromLatin1(b[:size])
	if c.unicode(r) {
		name = fromUTF16(b[:size])
	}
	return strings.TrimRight(name, "\x00"), true
}

// openRequest is what the client requests in an open.
type openRequest struct {
	access, share, disposition, options uint32
}

func parseOpenRequest(r *request) openRequest {
	return openRequest{access: r.u32(15), share: r.u32(31), disposition: r.u32(35), options: r.u32(39)}
}

func (a openRequest) reads() bool {
	return a.access&(accessRead|accessExecute|accessMaximum|accessAll|accessGenericR|accessGenericX) != 0
}

// writes reports whether the open would change a file of the disk, which is read-only here.
func (a openRequest) writes() bool {
	return a.access&(accessWrites|accessAll|accessGenericW) != 0 || a.disposition != dispositionOpen && a.disposition != dispositionOpenIf
}

// creates reports whether the open would make a file that is missing.
func (a openRequest) creates() bool {
	return a.disposition != dispositionOpen && a.disposition != dispositionOverwrite
}

func (c *conn) openNode(r *request, w *writer, name string) uint32 {
	o := &open{tid: r.tid, uid: r.uid}
	status := c.host.openNode(r.tree, name, parseOpenRequest(r), o)
	if status == statusSharingViolation && c.host.options.SharingDelay > 0 {
		c.answerLater(c.host.options.SharingDelay, func() { c.answer(r, w, status) })
		return statusLater
	}
	if status != statusOK {
		return status
	}
	c.opened(o)
	c.host.counters.change(func(s *Statistics) { s.FilesNow++ })
	c.writeOpened(w, o)
	return statusOK
}

// opened assigns an FID.
func (c *conn) opened(o *open) {
	c.lastFID = freeID(c.opens, c.lastFID)
	o.fid = c.lastFID
	c.opens[o.fid] = o
}

// find returns a file or folder of a share.
func (h *Host) find(t *tree, name string) (*node, uint32) {
	root, status := h.disk.walk(withoutDrive(t.share.path))
	if status != statusOK {
		return nil, status
	}
	return root.walk(name)
}

// openNode opens a file or folder.
func (h *Host) openNode(t *tree, name string, a openRequest, o *open) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, status := h.find(t, name)
	switch {
	case status != statusOK:
		if status == statusObjectNameNotFound && a.creates() {
			return statusAccessDenied
		}
		return status
	case n.refusal != statusOK && (n.refusal != statusSharingViolation || a.reads() || a.writes()):
		return n.refusal
	case a.disposition == dispositionCreate:
		return statusObjectNameCollision
	case n.isFolder() && a.options&optionFile != 0:
		return statusFileIsADirectory
	case !n.isFolder() && a.options&optionFolder != 0:
		return statusNotADirectory
	case a.writes():
		return statusAccessDenied
	case a.reads() && n.size != nil:
		return statusSharingViolation // the event log service has it open
	}
	o.node, o.reads, o.shares = n, a.reads(), a.share
	for _, other := range n.opens {
		if o.reads && other.shares&shareRead == 0 || other.reads && o.shares&shareRead == 0 {
			return statusSharingViolation
		}
	}
	n.opens = append(n.opens, o)
	return statusOK
}

// openPipe opens a pipe of IPC$.
func (c *conn) openPipe(r *request, w *writer, name string) uint32 {
	name = strings.ToLower(strings.TrimLeft(name, `\`))
	p, status := c.host.system.Open(name, r.session.access())
	if status != statusOK {
		return status
	}
	o := &open{tid: r.tid, uid: r.uid, pipe: &pipe{rpc: p}}
	c.opened(o)
	c.host.counters.change(func(s *Statistics) { s.PipesNow++ })
	c.writeOpened(w, o)
	return statusOK
}

// writeOpened writes the answer to an open (MS-CIFS 2.2.4.64.2).
func (c *conn) writeOpened(w *writer, o *open) {
	const (
		actionOpened    = 1
		typeMessagePipe = 2
		pipeState       = 0x05FF // message mode, 255 instances, as in captures of Windows
		attributeNormal = 0x80
	)
	w.andX()
	w.u8(0) // no oplock
	w.u16(o.fid)
	w.u32(actionOpened)
	if o.node == nil {
		w.zeros(4 * 8)
		w.u32(attributeNormal)
		w.u64(4096) // AllocationSize
		w.u64(0)
		w.u16(typeMessagePipe)
		w.u16(pipeState)
		w.u8(0)
	} else {
		i := c.host.infoOf(o.node)
		w.times(i)
		w.u32(i.attributes)
		w.u64(i.allocation())
		w.u64(uint64(i.size))
		w.u16(0)
		w.u16(0)
		w.bool(i.folder)
	}
	w.data()
	w.endAndX()
	w.zeros(2) // NT sends bytes after the end of some answers (MS-CIFS appendix A <71>)
}

// openOf returns the open with an FID; nil if the request's tree and session have none.
func (c *conn) openOf(r *request, fid uint16) *open {
	o := c.opens[fid]
	if o == nil || o.tid != r.tid || o.uid != r.uid {
		return nil
	}
	return o
}

// close is CLOSE (MS-CIFS 2.2.4.5).
func (c *conn) close(r *request, w *writer) uint32 {
	if r.wordCount() != 3 {
		return statusInvalidSMB
	}
	o := c.openOf(r, r.u16(0))
	if o == nil {
		return statusInvalidHandle
	}
	c.endOpen(o)
	w.empty()
	return statusOK
}

func (c *conn) endOpens(which func(*open) bool) {
	for _, o := range c.opens {
		if which(o) {
			c.endOpen(o)
		}
	}
}

// endOpen closes a file or a pipe, and answers the reads that wait on the pipe.
func (c *conn) endOpen(o *open) {
	delete(c.opens, o.fid)
	if o.pipe != nil {
		for _, read := range o.pipe.waiting {
			c.answer(read.r, read.w, statusPipeClosing)
		}
		o.pipe.rpc.Close()
		c.host.counters.change(func(s *Statistics) { s.PipesNow-- })
		return
	}
	c.host.mu.Lock()
	o.node.release(o)
	c.host.mu.Unlock()
	c.host.counters.change(func(s *Statistics) { s.FilesNow-- })
}
