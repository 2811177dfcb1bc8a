package simnt

// readDataAt is the offset of the data in an answer to READ_ANDX: after the words, the byte
// count and a byte of padding.
const readDataAt = 60

// readAndX is READ_ANDX (MS-CIFS 2.2.4.42, 3.3.5.36), with the close that may be chained to it.
func (c *conn) readAndX(r *request, w *writer) uint32 {
	const shortForm, longForm = 10, 12
	if n := r.wordCount(); n != shortForm && n != longForm {
		return statusInvalidSMB
	}
	next, ok := r.chained()
	if !ok {
		return statusInvalidSMB
	}
	o := c.openOf(r, r.u16(4))
	if o == nil {
		return statusInvalidHandle
	}
	if o.pipe != nil {
		return c.readPipe(r, w, o.pipe)
	}
	offset := int64(r.u32(6))
	if r.wordCount() == longForm {
		offset |= int64(r.u32(20)) << 32
	}
	data, status := c.host.readNode(o, offset, c.fileReadLimit(int(r.u16(10))))
	if status != statusOK {
		return status
	}
	const noneLeft = 0xFFFF // Available is for pipes only
	w.read(noneLeft, data)
	if next != nil {
		// NT runs the close, says in the read's answer that no command follows, and sends an
		// empty block all the same (MS-CIFS appendix A <58>, <59>).
		if c.close(next, newWriter(false)) == statusOK {
			w.put16(w.blockAt+3, 0)
			w.zeros(3)
		}
	}
	return statusOK
}

// readOverhead is what a server keeps free for headers in an answer to a read, so that 4,292
// bytes come in a buffer of 4,356.
const readOverhead = 64

// fileReadLimit returns how many of the bytes asked for one read of a file returns: more than
// the buffers hold if both ends have CAP_LARGE_READX. NT does not look at the client's
// (MS-CIFS appendix A <95>); a client that lacks it must not count on a long answer.
func (c *conn) fileReadLimit(asked int) int {
	limit := min(c.clientBuffer, int(c.host.options.MaxBufferSize)) - readOverhead
	if c.host.capabilities()&c.clientCapabilities&capLargeReadX != 0 {
		limit = largestRead
	}
	return atMost(c.host.options.MaxFileRead, min(asked, limit))
}

// atMost returns n, or limit if it is smaller and not 0.
func atMost(limit, n int) int {
	if limit == 0 {
		return n
	}
	return min(limit, n)
}

// readNode reads a file. At and after its end there are no bytes, which is not an error.
func (h *Host) readNode(o *open, offset int64, count int) ([]byte, uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case o.node.isFolder():
		return nil, statusInvalidDeviceRequest
	case !o.reads:
		return nil, statusAccessDenied
	case offset < 0:
		return nil, statusInvalidParameter
	}
	content := o.node.content
	start := min(offset, int64(len(content)))
	end := min(start+int64(count), int64(len(content)))
	return content[start:end], statusOK
}

// read writes the answer to a read.
func (w *writer) read(left uint16, data []byte) {
	w.andX()
	w.u16(left)
	w.u16(0) // CompactionMode
	w.u16(0)
	w.u16(uint16(len(data)))
	w.u16(readDataAt)
	w.zeros(10)
	w.data()
	w.align(4)
	w.bytes(data)
	w.endAndX()
}

// writeAndX is WRITE_ANDX (MS-CIFS 2.2.4.43), which pipes accept and disks refuse.
func (c *conn) writeAndX(r *request, w *writer) uint32 {
	const shortForm, longForm = 12, 14
	if n := r.wordCount(); n != shortForm && n != longForm {
		return statusInvalidSMB
	}
	o := c.openOf(r, r.u16(4))
	if o == nil {
		return statusInvalidHandle
	}
	if o.pipe == nil {
		return statusAccessDenied
	}
	data, ok := r.slice(int(r.u16(22)), int(r.u16(20)))
	if !ok {
		return statusInvalidSMB
	}
	mode, remaining := r.u16(14), int(r.u16(16))
	if status := o.pipe.write(data, mode, remaining); status != statusOK {
		return status
	}
	w.andX()
	w.u16(uint16(len(data)))
	w.u16(0xFFFF) // Available
	w.u32(0)
	w.data()
	w.endAndX()
	c.wake(o.pipe)
	return statusOK
}
