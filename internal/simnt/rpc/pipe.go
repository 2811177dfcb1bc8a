package rpc

import (
	"encoding/binary"
	"slices"
)

// Access says what an account may do. The SMB side gives it for each opening of a pipe.
type Access struct {
	User                     string
	Administrator, Anonymous bool
}

// maxUnread is how many bytes of answers a pipe keeps before it takes no more requests.
const maxUnread = 1 << 20

// Pipe is one open pipe in message mode, with the DCE/RPC connection over it (C706
// chapter 12). It is not safe for concurrent use.
type Pipe struct {
	system  *System
	program program
	access  Access

	bound    bool
	fragment int      // the longest fragment of an answer, in bytes
	contexts []uint16 // presentation contexts that were accepted
	partial  *request // whose last fragment has not come yet
	handles  map[handle]any
	queue    [][]byte // fragments of answers
	unread   int      // bytes in queue
	broken   bool
}

// Open opens a pipe by its bare name in lower case ("eventlog"). The status is an
// NT status, and the pipe nil where it is not 0: STATUS_OBJECT_NAME_NOT_FOUND for a
// pipe that is not simulated, STATUS_ACCESS_DENIED for somebody without a name, who may
// open srvsvc only, or what SetPipes' function says.
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

// Write takes one message from the client; what answers it is queued for Read. The
// status is an NT status: 0 where the message was taken, STATUS_PIPE_BUSY where too
// many answers were not read yet, STATUS_PIPE_BROKEN where the message or one before
// it made the server close the pipe, or where SetPipes' function says that the
// pipe fails.
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
	case kindCancel, kindOrphaned: // every call has ended when its request was taken
	default:
		p.protocolError(h)
	}
	return statusOK
}

// Read returns the next queued message, which is an RPC fragment. ok is false where
// there is none: see Broken.
func (p *Pipe) Read() (message []byte, ok bool) {
	if len(p.queue) == 0 {
		return nil, false
	}
	message = p.queue[0]
	p.queue = slices.Delete(p.queue, 0, 1)
	p.unread -= len(message)
	return message, true
}

// Broken reports whether the server's end of the pipe is gone: nothing will be queued
// any more, and a read behind the last message is STATUS_PIPE_BROKEN.
func (p *Pipe) Broken() bool { return p.broken }

// Close closes the pipe, and with it all context handles that it made.
func (p *Pipe) Close() {
	p.broken = true
	p.queue, p.handles, p.partial, p.unread = nil, nil, nil, 0
}

func (p *Pipe) push(message []byte) {
	p.queue = append(p.queue, message)
	p.unread += len(message)
}

// protocolError answers a message that nobody may send here, and closes the pipe.
func (p *Pipe) protocolError(h header) {
	p.push(faultMessage(h.callID, 0, flagsWhole, faultProtoError))
	p.broken = true
}

// maxRequest is the longest stub of a request in bytes, all its fragments together.
const maxRequest = 64 << 10

// request is a request of which all fragments have come, or some.
type request struct {
	callID  uint32
	context uint16
	opnum   uint16
	stub    []byte
}

// request takes a fragment of a request (C706 12.6.4.9), and answers it when it was
// the last.
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

// run runs a call. code is that of the fault that answers it, with its flags; 0: stub
// does.
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
	if code := procedure(c); code != 0 {
		return nil, code, flagsWhole
	}
	return c.out.b, 0, 0
}
