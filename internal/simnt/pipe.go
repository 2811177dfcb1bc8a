package simnt

import "github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"

// Statuses of pipes (MS-CIFS 2.2.2.4).
const statusPipeBroken uint32 = 0xC000014B

// maxPipeMessage is the limit in bytes of a message that comes in several writes.
const maxPipeMessage = 64 << 10

// pipe is an open pipe in message mode: what NT's file system for pipes keeps in front of the
// RPC server.
type pipe struct {
	rpc *rpc.Pipe

	partial  []byte // of a message that comes in several writes
	expected int    // bytes of that message; 0: there is none

	rest    []byte // unread part of the message that is being read
	reading bool   // there is such a message
	waiting []*pipeRead

	answered int64 // number of answers that the connection had sent after that of the last transaction
}

// pipeRead is a read, or the reading half of a transaction.
type pipeRead struct {
	r           *request
	w           *writer
	most        int // bytes
	transaction bool
}

// peek fetches the next message, and reports whether there is one.
func (p *pipe) peek() bool {
	if !p.reading {
		p.rest, p.reading = p.rpc.Read()
	}
	return p.reading
}

// take returns up to most bytes of the message that is being read. more reports whether bytes
// of it are left.
func (p *pipe) take(most int) (data []byte, more bool) {
	n := min(most, len(p.rest))
	data, p.rest = p.rest[:n], p.rest[n:]
	p.reading = len(p.rest) > 0
	return data, p.reading
}

// busy reports whether a transaction cannot start: there is something to read, a read waits, a
// message is incomplete, or the previous transaction was not answered when this one arrived.
func (p *pipe) busy(r *request) bool {
	return p.peek() || len(p.waiting) > 0 || p.expected > 0 || r.answered < p.answered
}

// write accepts the data of a WRITE_ANDX. WriteMode tells whether a message starts there, and
// Remaining is then its length.
func (p *pipe) write(data []byte, mode uint16, remaining int) uint32 {
	const messageStart = 0x0008
	starts := mode&messageStart != 0
	switch {
	case starts && p.expected > 0, !starts && p.expected > 0 && len(p.partial)+len(data) > p.expected, remaining > maxPipeMessage:
		return statusInvalidParameter
	case starts && remaining > len(data):
		p.partial, p.expected = append([]byte(nil), data...), remaining
		return statusOK
	case p.expected == 0:
		return p.rpc.Write(data)
	}
	if p.partial = append(p.partial, data...); len(p.partial) < p.expected {
		return statusOK
	}
	message := p.partial
	p.partial, p.expected = nil, 0
	return p.rpc.Write(message)
}

// readPipe is READ_ANDX on a pipe: it waits for a message, unless MinCount is 0.
func (c *conn) readPipe(r *request, w *writer, p *pipe) uint32 {
	const maxCount, minCount = 10, 12
	most := atMost(c.host.options.MaxPipeRead, min(int(r.u16(maxCount)), c.clientBuffer-readDataAt))
	if r.u16(minCount) == 0 && len(p.waiting) == 0 && !p.peek() && !p.rpc.Broken() {
		return statusPipeEmpty
	}
	return c.await(p, &pipeRead{r: r, w: w, most: most})
}

// await answers a read now, or later if there is nothing to read yet.
func (c *conn) await(p *pipe, read *pipeRead) uint32 {
	if len(p.waiting) == 0 {
		if status := c.finish(p, read); status != statusLater {
			return status
		}
	}
	p.waiting = append(p.waiting, read) // MaxMpxCount bounds them
	return statusLater
}

// finish writes the answer to a read, if there is a message.
func (c *conn) finish(p *pipe, read *pipeRead) uint32 {
	switch {
	case p.peek():
	case p.rpc.Broken():
		return statusPipeBroken
	default:
		return statusLater
	}
	data, more := p.take(read.most)
	status := statusOK
	if more {
		status = statusBufferOverflow
	}
	if read.transaction {
		p.answered = c.answers.Load() + 1
		return c.transactionAnswer(read.r, read.w, status, nil, data)
	}
	read.w.read(uint16(min(len(p.rest), 0xFFFF)), data)
	return status
}

// wake answers the waiting reads for which there are messages now.
func (c *conn) wake(p *pipe) {
	for len(p.waiting) > 0 {
		read := p.waiting[0]
		status := c.finish(p, read)
		if status == statusLater {
			return
		}
		p.waiting = p.waiting[1:]
		c.answer(read.r, read.w, status)
	}
}

// transactPipe is TransactNmPipe (MS-CIFS 2.2.5.6): a write, and a read of what answers it.
func (c *conn) transactPipe(r *request, w *writer, t *transaction) uint32 {
	o := c.openOf(r, t.setup[1])
	switch {
	case o == nil || o.pipe == nil:
		return statusInvalidHandle
	case o.pipe.busy(r):
		return statusPipeBusy
	}
	if status := o.pipe.rpc.Write(t.data); status != statusOK {
		return status
	}
	return c.await(o.pipe, &pipeRead{r: r, w: w, most: t.maxData, transaction: true})
}
