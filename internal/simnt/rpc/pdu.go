package rpc

import (
	"encoding/binary"
	"slices"
)

const syntaxSize = 20 // UUID and version

// syntax is an interface or a transfer syntax in its wire format.
type syntax [syntaxSize]byte

// ndr is 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2.0 (C706 appendix I).
var ndr = syntax{0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2}

// Results of a presentation context, with their reasons (C706 12.6.3.1,
// p_cont_def_result_t and p_provider_reason_t).
const (
	accepted          = 0
	rejectedInterface = 2 | 1<<16
	rejectedTransfer  = 2 | 2<<16
)

// offer is the content of a bind.
type offer struct {
	takes    uint16 // bytes of the longest fragment that the client accepts
	group    uint32
	contexts []presentation
}

// presentation is a presentation context (C706 12.6.3.1, p_cont_elem_t).
type presentation struct {
	id       uint16
	abstract syntax
	transfer []syntax
}

// parseBind reads a bind (C706 12.6.4.3).
func parseBind(message []byte) (offer, bool) {
	r := reader{b: message, at: headerSize}
	r.u16() // max_xmit_frag: the answer limits what the client sends
	o := offer{takes: r.u16(), group: r.u32()}
	count := r.take(4, 4)
	for n := 0; !r.bad && n < int(count[0]); n++ {
		c := presentation{id: r.u16()}
		transfers := r.take(2, 2)
		if r.bad {
			break
		}
		c.abstract = r.syntax()
		for range transfers[0] {
			c.transfer = append(c.transfer, r.syntax())
			if r.bad {
				break
			}
		}
		o.contexts = append(o.contexts, c)
	}
	return o, !r.bad && len(o.contexts) > 0
}

func (r *reader) syntax() syntax {
	var s syntax
	copy(s[:], r.take(syntaxSize, 4))
	return s
}

// bind answers a bind. Only the first one on a pipe is accepted, and only without
// authentication, because the SMB session has its own.
func (p *Pipe) bind(h header) {
	o, ok := parseBind(h.message)
	if p.bound || !ok || h.flags&flagsWhole != flagsWhole {
		p.protocolError(h)
		return
	}
	if h.auth != 0 {
		p.push(bindNak(h.callID))
		return
	}
	p.bound = true
	own := p.system.options.FragmentSize
	p.fragment = int(own)
	if !p.system.options.LongFragments {
		p.fragment = int(min(max(o.takes, mustFragment), own))
	}
	var results []uint32
	for _, c := range o.contexts {
		result := uint32(accepted)
		switch {
		case !p.program.is(c.abstract):
			result = rejectedInterface
		case !slices.Contains(c.transfer, ndr):
			result = rejectedTransfer
		default:
			p.contexts = append(p.contexts, c.id)
		}
		results = append(results, result)
	}
	group := o.group
	if group == 0 {
		group = p.system.number()
	}
	p.push(bindAck(h.callID, own, group, p.program.address, results))
}

// bindAck is the answer to a bind (C706 12.6.4.4). Windows names its own longest fragment
// for both directions, and does not repeat the client's.
func bindAck(callID uint32, fragment uint16, group uint32, address string, results []uint32) []byte {
	le := binary.LittleEndian
	b := newPDU(kindBindAck, flagsWhole, callID, 0)
	b = le.AppendUint16(b, fragment)
	b = le.AppendUint16(b, fragment)
	b = le.AppendUint32(b, group)
	b = le.AppendUint16(b, uint16(len(address)+1))
	b = pad4(append(append(b, address...), 0))
	b = append(b, byte(len(results)), 0, 0, 0)
	for _, result := range results {
		b = le.AppendUint32(b, result)
		transfer := ndr
		if result != accepted {
			transfer = syntax{}
		}
		b = append(b, transfer[:]...)
	}
	le.PutUint16(b[8:], uint16(len(b)))
	return b
}

// bindNak refuses a bind without a reason, and offers version 5.0 (C706 12.6.4.5).
func bindNak(callID uint32) []byte {
	b := newPDU(kindBindNak, flagsWhole, callID, headerSize+5)
	return append(b, 0, 0, 1, 5, 0)
}

// The longest fragments in bytes that the systems accept and send, and announce whatever the
// client offers. One of Windows 2000, with the header of an SMB, fits the buffer of a Windows
// client.
const (
	fragmentNT4         = 5680
	fragmentWindows2000 = 4280
)

// mustFragment is the fragment length in bytes that both ends must accept (C706 12.6.3.6,
// MustRecvFragSize).
const mustFragment = 1432

// Sizes in bytes (C706 12.6.3.1, 12.6.4.9, 12.6.4.10, 12.6.4.7).
const (
	headerSize   = 16
	requestSize  = 24
	responseSize = 24
	faultSize    = 32
	objectSize   = 16
)

// Types of a PDU (C706 12.6.4).
const (
	kindRequest  = 0
	kindResponse = 2
	kindFault    = 3
	kindBind     = 11
	kindBindAck  = 12
	kindBindNak  = 13
	kindCancel   = 18
	kindOrphaned = 19
)

// Flags of a PDU (C706 12.6.3.1).
const (
	flagFirst         = 0x01
	flagLast          = 0x02
	flagsWhole        = flagFirst | flagLast
	flagDidNotExecute = 0x20
	flagObject        = 0x80
)

// header is the common header of a client's PDU, with the whole message.
type header struct {
	kind, flags uint8
	auth        uint16 // bytes of authentication at the end
	callID      uint32
	message     []byte
}

// parseHeader reads the common header (C706 12.6.3.1). A message is one fragment of at
// most limit bytes, in the data representation of Windows.
func parseHeader(message []byte, limit int) (header, bool) {
	le := binary.LittleEndian
	if len(message) < headerSize || len(message) > limit || message[0] != 5 || message[1] != 0 ||
		le.Uint32(message[4:]) != 0x10 || int(le.Uint16(message[8:])) != len(message) {
		return header{}, false
	}
	return header{message[2], message[3], le.Uint16(message[10:]), le.Uint32(message[12:]), message}, true
}

// newPDU returns the common header of a PDU of size bytes.
func newPDU(kind, flags uint8, callID uint32, size int) []byte {
	b := make([]byte, 0, size)
	b = append(b, 5, 0, kind, flags, 0x10, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = append(b, 0, 0)
	return binary.LittleEndian.AppendUint32(b, callID)
}

// faultMessage builds a fault as Windows 2000 does: its alloc_hint is its own length.
func faultMessage(callID uint32, context uint16, flags uint8, code uint32) []byte {
	b := newPDU(kindFault, flags, callID, faultSize)
	b = binary.LittleEndian.AppendUint32(b, faultSize)
	b = binary.LittleEndian.AppendUint16(b, context)
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, code)
	return append(b, 0, 0, 0, 0)
}

// responseMessages splits an answer into fragments of at most fragment bytes. The alloc_hint of
// each is the number of bytes of the stub in it and the following ones; all but the last hold
// a multiple of 8.
func responseMessages(callID uint32, context uint16, stub []byte, fragment int) [][]byte {
	most := (fragment - responseSize) &^ 7
	var messages [][]byte
	for flags := uint8(flagFirst); ; flags = 0 {
		n := min(most, len(stub))
		if n == len(stub) {
			flags |= flagLast
		}
		b := newPDU(kindResponse, flags, callID, responseSize+n)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(stub)))
		b = binary.LittleEndian.AppendUint16(b, context)
		b = append(b, 0, 0)
		messages = append(messages, append(b, stub[:n]...))
		stub = stub[n:]
		if flags&flagLast != 0 {
			return messages
		}
	}
}
