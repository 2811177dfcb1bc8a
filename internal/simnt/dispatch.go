package simnt

import "encoding/binary"

// statusLater is not a status: the function that returns it keeps the request and answers
// later.
const statusLater = 0xFFFFFFFF

// handle answers a request.
func (c *conn) handle(r *request) {
	w := newWriter(c.unicode(r))
	status := c.verify(r) // first, because a request that is ignored uses sequence numbers
	if r.ignored {
		return
	}
	if status == statusOK {
		status = c.dispatch(r, w)
	}
	if status != statusLater && r.command != cmdNTCancel { // which has no answer
		c.answer(r, w, status)
	}
}

// unicode reports whether the strings of a request and its answer are in Unicode.
func (c *conn) unicode(r *request) bool {
	return r.flags2&flags2Unicode != 0 && !c.host.options.OEM
}

// dispatch runs a command. What it wrote to w is sent if the status is not an error.
func (c *conn) dispatch(r *request, w *writer) uint32 {
	switch {
	case r.malformed, !c.negotiated && r.command != cmdNegotiate, !chains(r.block):
		return statusInvalidSMB
	}
	switch r.command {
	case cmdNegotiate:
		return c.negotiate(r, w)
	case cmdSessionSetup:
		return c.sessionSetup(r, w)
	case cmdEcho:
		return c.echo(r, w)
	case cmdNTCancel:
		return statusOK
	}
	if r.session = c.sessions[r.uid]; r.session == nil {
		return statusBadUID
	}
	switch r.command {
	case cmdLogoff:
		return c.logoff(r, w)
	case cmdTreeConnect:
		return c.treeConnect(r, w)
	}
	if r.tree = c.trees[r.tid]; r.tree == nil {
		return statusBadTID
	}
	if r.command != cmdTreeDisconnect && c.host.isGone(r.tree) {
		return statusNetworkNameDeleted
	}
	return c.dispatchTree(r, w)
}

// dispatchTree runs a command on a connected share.
func (c *conn) dispatchTree(r *request, w *writer) uint32 {
	switch r.command {
	case cmdTreeDisconnect:
		return c.treeDisconnect(r, w)
	case cmdNTCreate:
		return c.ntCreate(r, w)
	case cmdReadAndX:
		return c.readAndX(r, w)
	case cmdWriteAndX:
		return c.writeAndX(r, w)
	case cmdClose:
		return c.close(r, w)
	case cmdTransaction:
		return c.transaction(r, w)
	case cmdTransaction2:
		return c.transaction2(r, w)
	case cmdQueryInformation:
		return c.queryInformation(r, w)
	case cmdCheckDirectory:
		return c.checkDirectory(r, w)
	case cmdFlush:
		return c.flush(r, w)
	case cmdQueryDisk:
		return c.queryDisk(r, w)
	}
	return c.refuseChange(r)
}

// chains reports whether a command may be chained to the one that its AndX block names. NT
// accepts the chains that clients of its time send, and no others (MS-CIFS appendix A <196>).
func chains(b block) bool {
	switch b.command {
	case cmdSessionSetup, cmdLogoff, cmdTreeConnect, cmdNTCreate, cmdOpenAndX, cmdReadAndX, cmdWriteAndX, cmdLockingAndX:
	default:
		return true
	}
	if b.wordCount() < 2 {
		return false
	}
	switch b.words[0] {
	case cmdNone:
		return true
	case cmdTreeConnect:
		return b.command == cmdSessionSetup
	case cmdClose:
		return b.command == cmdReadAndX
	}
	return false
}

// chained returns the request for the command after an AndX block; nil if there is none. ok
// is false if it is malformed: it overlaps the first, or continues the chain.
func (r *request) chained() (next *request, ok bool) {
	if r.words[0] == cmdNone {
		return nil, true
	}
	at := int(r.u16(2))
	b, ok := parseBlock(r.raw, at, r.words[0])
	if !ok || at < r.end || b.command == cmdTreeConnect && (b.wordCount() < 2 || b.words[0] != cmdNone) {
		return nil, false
	}
	n := *r
	n.block = b
	return &n, true
}

// answer sends the last message of an answer.
func (c *conn) answer(r *request, w *writer, status uint32) {
	c.inFlight.Add(-1)
	c.answers.Add(1)
	c.message(r, w, status)
}

// message completes a message and sends it. An error has no body except for the blocks of a
// chain before it.
func (c *conn) message(r *request, w *writer, status uint32) {
	if !carriesData(status) && !w.partial {
		w.b = w.b[:headerSize]
		w.empty()
	}
	c.header(r, w.b, status)
	if r.signed {
		c.signer.sign(w.b, r.sequence)
	} else if r.command == cmdSessionSetup {
		copy(w.b[signatureAt:], c.challenge[:]) // NT leaves old bytes there (MS-CIFS appendix A <227>)
	}
	c.write(appendPacket(make([]byte, 0, packetHeader+len(w.b)), packetMessage, w.b))
}

// header fills in the header of an answer (MS-CIFS 2.2.3.1).
func (c *conn) header(r *request, b []byte, status uint32) {
	flags2 := r.flags2 & flags2LongNames
	if c.unicode(r) {
		flags2 |= flags2Unicode
	}
	if r.signed {
		flags2 |= flags2Signed
	}
	copy(b, magic)
	b[4] = r.raw[4]
	if r.flags2&flags2NTStatus != 0 && !c.host.options.DOSErrors {
		flags2 |= flags2NTStatus
		binary.LittleEndian.PutUint32(b[5:], status)
	} else {
		e := toDOS(status)
		b[5] = e.class
		binary.LittleEndian.PutUint16(b[7:], e.code)
	}
	b[9] = flagReply | r.flags&(flagCaseless|flagCanonical)
	for at, v := range map[int]uint16{10: flags2, 12: r.pidHigh, 22: r.reserved, 24: r.tid, 26: r.pid, 28: r.uid, 30: r.mid} {
		binary.LittleEndian.PutUint16(b[at:], v)
	}
}
