package rpc

import (
	"encoding/binary"
	"slices"
)

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
