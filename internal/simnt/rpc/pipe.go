package rpc

import (
	"encoding/binary"
	"slices"
)

// Access describes the account that opens a pipe.
type Access struct {
	User                     string
	Administrator, Anonymous bool
}

// maxUnread is how many bytes of answers a pipe keeps before it refuses requests.
const maxUnread = 1 << 20

// Pipe is an open pipe in message mode, with the DCE/RPC connection over it (C706 chapter 12).
// It is not safe for concurrent use.
type Pipe struct {
	system  *System
	program program
	access  Access

	bound    bool
	fragment int      // the longest fragment of an answer, in bytes
	contexts []uint16 // accepted presentation contexts
	partial  *request // one whose last fragment is missing
	handles  map[handle]any
	queue    [][]byte // fragments of answers
	unread   int      // bytes in queue
	broken   bool
}

// Open opens a pipe by its bare name in lower case ("eventlog"). The pipe is nil if the NT
// status is not 0: STATUS_OBJECT_NAME_NOT_FOUND if the pipe is not simulated,
// STATUS_ACCESS_DENIED for anonymous sessions, which may open only srvsvc, or the status
// that SetPipes' function returns.
func (s *System) Open(name string, a Access) (*Pipe, uint32) {
	if a.Anonymous && name != pipeSrvsvc {
		return nil, statusAccessDenied
	}
	p, found := programs[name]
	if !found {
		return nil, statusNameNotFound
	}
	if status := s.pipeStatus(name); status != statusOK {
		return nil, status
	}
	return &Pipe{system: s, program: p, access: a, handles: make(map[handle]any)}, statusOK
}

// Write accepts one message from the client, and queues the answer for Read. The NT status is
// STATUS_PIPE_BUSY if too many answers are unread, and STATUS_PIPE_BROKEN if the message or
// one before it made the server close the pipe, or if SetPipes' function returns a status.
func (p *Pipe) Write(message []byte) uint32 {
	if p.broken || p.system.pipeStatus(p.program.pipe) != statusOK {
		p.broken = true
		return statusPipeBroken
	}
	if p.unread >= maxUnread {
		return statusPipeBusy
	}
	h, ok := parseHeader(message, int(p.system.options.FragmentSize))
	if !ok {
		p.broken = true
		return statusPipeBroken
	}
	switch h.kind {
	case kindBind:
		p.bind(h)
	case kindRequest:
		p.request(h)
	case kindCancel, kindOrphaned: // calls end in Write
	default:
		p.protocolError(h)
	}
	return statusOK
}

// Read returns the next queued message, an RPC fragment. ok is false if there is none: see
// Broken.
func (p *Pipe) Read() (message []byte, ok bool) {
	if len(p.queue) == 0 {
		return nil, false
	}
	message = p.queue[0]
	p.queue = slices.Delete(p.queue, 0, 1)
	p.unread -= len(message)
	return message, true
}

// Broken reports whether the server has closed its end of the pipe: nothing more is queued, and
// a read after the last message is STATUS_PIPE_BROKEN.
func (p *Pipe) Broken() bool { return p.broken }

// Close closes the pipe and its context handles.
func (p *Pipe) Close() {
	p.broken = true
	p.queue, p.handles, p.partial, p.unread = nil, nil, nil, 0
}

func (p *Pipe) push(message []byte) {
	p.queue = append(p.queue, message)
	p.unread += len(message)
}

// protocolError answers an unexpected message, and closes the pipe.
func (p *Pipe) protocolError(h header) {
	p.push(faultMessage(h.callID, 0, flagsWhole, faultProtoError))
	p.broken = true
}

// maxRequest is the longest stub of a request in bytes, in all fragments together.
const maxRequest = 64 << 10

// request is a request, or its fragments so far.
type request struct {
	callID  uint32
	context uint16
	opnum   uint16
	stub    []byte
}

// request accepts a fragment of a request (C706 12.6.4.9), and answers the request after the
// last one.
func (p *Pipe) request(h header) {
	r, ok := parseRequest(h)
	first := h.flags&flagFirst != 0
	if !ok || !p.bound || first != (p.partial == nil) {
		p.protocolError(h)
		return
	}
	if !first {
		begun := p.partial
		if r.callID != begun.callID || r.context != begun.context || r.opnum != begun.opnum {
			p.protocolError(h)
			return
		}
		r.stub = append(begun.stub, r.stub...)
	}
	if len(r.stub) > maxRequest {
		p.push(faultMessage(r.callID, r.context, flagsWhole, faultNoMemory))
		p.broken = true
		return
	}
	if h.flags&flagLast == 0 {
		p.partial = &r
		return
	}
	p.partial = nil
	p.answer(r)
}

func parseRequest(h header) (request, bool) {
	at := requestSize
	if h.flags&flagObject != 0 {
		at += objectSize
	}
	if h.auth != 0 || len(h.message) < at {
		return request{}, false
	}
	le := binary.LittleEndian
	return request{
		callID:  h.callID,
		context: le.Uint16(h.message[20:]),
		opnum:   le.Uint16(h.message[22:]),
		stub:    slices.Clone(h.message[at:]),
	}, true
}

// answer runs a call and queues its answer.
func (p *Pipe) answer(r request) {
	if p.system.isSilent(p.program.pipe, r.opnum) {
		return
	}
	stub, code, flags := p.run(r)
	if code != 0 {
		p.push(faultMessage(r.callID, r.context, flags, code))
		return
	}
	for _, message := range responseMessages(r.callID, r.context, stub, p.fragment) {
		p.push(message)
	}
}

// run runs a call. The answer is a fault with code and flags, or stub if code is 0.
func (p *Pipe) run(r request) (stub []byte, code uint32, flags uint8) {
	if !slices.Contains(p.contexts, r.context) {
		return nil, faultUnknownIf, flagsWhole | flagDidNotExecute
	}
	if code := p.system.injectedFault(p.program.pipe, r.opnum); code != 0 {
		return nil, code, flagsWhole
	}
	procedure := p.program.procedures[r.opnum]
	if procedure == nil {
		return nil, faultOpRange, flagsWhole | flagDidNotExecute
	}
	c := &call{pipe: p, system: p.system, in: reader{b: r.stub}}
	switch code := procedure(c); code {
	case 0:
		return c.out.b, 0, 0
	case faultOpRange:
		return nil, code, flagsWhole | flagDidNotExecute
	default:
		return nil, code, flagsWhole
	}
}
