package smb2

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// answerTo makes an answer to a request of this command.
func answerTo(command uint16, status smb.Status, body []byte) []byte {
	request := make(header, headerSize)
	binary.LittleEndian.PutUint16(request[12:], command)
	return packet(request, status, body)
}

// sized is a body of this length that starts with its StructureSize.
func sized(structureSize uint16, length int) []byte {
	body := make([]byte, length)
	binary.LittleEndian.PutUint16(body, structureSize)
	return body
}

func with(body []byte, edit func(body []byte)) []byte {
	edit(body)
	return body
}

// checkFrame makes the checks that need no request.
func checkFrame(frame []byte) error {
	if err := checkKind(frame, false); err != nil {
		return err
	}
	chain, err := splitChain(frame)
	if err != nil {
		return err
	}
	for _, h := range chain {
		if err := checkHeader(h); err != nil {
			return err
		}
		if h.status() == smb.StatusPending {
			continue
		}
		if isRefusal(h) {
			if !wellFormedError(h.body()) {
				return violation("a malformed error")
			}
			continue
		}
		if err := checkBody(h); err != nil {
			return err
		}
		if h.command() == cmdNegotiate {
			if _, err := parseNegotiate(h.body()); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestCheckFrame(t *testing.T) {
	chained := func(next uint32, frames ...[]byte) []byte {
		var all []byte
		for _, frame := range frames {
			all = append(all, frame...)
		}
		binary.LittleEndian.PutUint32(all[20:], next)
		return all
	}
	pending := answerTo(cmdRead, smb.StatusPending, nil)
	async := with(answerTo(cmdRead, smb.StatusPending, nil), func(b []byte) { b[16] |= byte(flagAsync) })
	tests := []struct {
		name  string
		frame []byte
		ok    bool
	}{
		{"empty", nil, false},
		{"two bytes", []byte{0xFE, 'S'}, false},
		{"header cut", answerTo(cmdLogoff, 0, nil)[:63], false},
		{"SMB1", append([]byte("\xFFSMB"), make([]byte, 60)...), false},
		{"compressed", append([]byte("\xFCSMB"), make([]byte, 90)...), false},
		{"header size", with(answerTo(cmdLogoff, 0, sized(4, 4)), func(b []byte) { b[4] = 63 }), false},
		{"a request", with(answerTo(cmdLogoff, 0, sized(4, 4)), func(b []byte) { b[16] = 0 }), false},
		{"logoff", answerTo(cmdLogoff, 0, sized(4, 4)), true},
		{"no body", answerTo(cmdLogoff, 0, nil), false},
		{"chain", chained(72, answerTo(cmdLogoff, 0, sized(4, 8)), answerTo(cmdLogoff, 0, sized(4, 4))), true},
		{"chain not aligned", chained(68, answerTo(cmdLogoff, 0, sized(4, 4)), answerTo(cmdLogoff, 0, sized(4, 4))), false},
		{"chain to itself", chained(8, answerTo(cmdLogoff, 0, sized(4, 72))), false},
		{"chain to the end", chained(72, answerTo(cmdLogoff, 0, sized(4, 8))), false},
		{"chain past the end", chained(1<<31, answerTo(cmdLogoff, 0, sized(4, 8))), false},
		{"chain to no header", chained(72, answerTo(cmdLogoff, 0, sized(4, 8)), make([]byte, 72)), false},
		{"interim", async, true},
		{"interim without AsyncId", pending, false},
		{"unknown command", answerTo(0x0B, 0, sized(49, 49)), false},

		{"encrypted", append([]byte("\xFDSMB"), make([]byte, 112)...), false},

		{"negotiate", answerTo(cmdNegotiate, 0, negotiateBody(dialect210)), true},
		{"negotiate, wildcard", answerTo(cmdNegotiate, 0, negotiateBody(0x02FF)), false},
		{"negotiate, buffer", answerTo(cmdNegotiate, 0, with(negotiateBody(dialect210), func(b []byte) { b[58] = 1 })), false},
		{"negotiate, buffer sum wraps", answerTo(cmdNegotiate, 0, with(negotiateBody(dialect210), func(b []byte) {
			binary.LittleEndian.PutUint16(b[56:], 0xFFFF)
			binary.LittleEndian.PutUint16(b[58:], 2)
		})), false},
		{"3.1.1 without contexts", answerTo(cmdNegotiate, 0, negotiateBody(dialect311)), false},
		{"3.1.1", answerTo(cmdNegotiate, 0, body311(1, contextPreauth, 6)), true},
		{"3.1.1, two contexts", answerTo(cmdNegotiate, 0, body311(2, contextPreauth, 6)), false},
		{"3.1.1, context leaves", answerTo(cmdNegotiate, 0, body311(1, contextPreauth, 9)), false},
		{"3.1.1, no preauth", answerTo(cmdNegotiate, 0, with(body311(1, contextEncryption, 4), func(b []byte) { b[64+10] = 2 })), false},
		{"3.1.1, no cipher", answerTo(cmdNegotiate, 0, append(body311(2, contextPreauth, 6), 0, 0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0)), false},
		{"3.1.1, preauth twice", answerTo(cmdNegotiate, 0, append(body311(2, contextPreauth, 6), append([]byte{0, 0}, body311(1, contextPreauth, 6)[64:]...)...)), false},
		{"3.1.1, many contexts", answerTo(cmdNegotiate, 0, body311(17, contextPreauth, 0)), false},

		{"session setup", answerTo(cmdSessionSetup, smb.StatusMoreProcessingRequired, setupBody(0, []byte{1})), true},
		{"session setup, refused", answerTo(cmdSessionSetup, smb.StatusLogonFailure, errorBody()), true},
		{"session setup, refused, no body", answerTo(cmdSessionSetup, smb.StatusLogonFailure, nil), false},
		{"tree connect", answerTo(cmdTreeConnect, 0, treeBody()), true},
		{"tree connect, more processing", answerTo(cmdTreeConnect, smb.StatusMoreProcessingRequired, treeBody()), false},
		{"create", answerTo(cmdCreate, 0, sized(89, 88)), true},
		{"create, short", answerTo(cmdCreate, 0, sized(89, 87)), false},
		{"create, contexts sum wraps", answerTo(cmdCreate, 0, with(sized(89, 88), func(b []byte) {
			binary.LittleEndian.PutUint32(b[80:], 0xFFFFFFF8)
			binary.LittleEndian.PutUint32(b[84:], 0x10)
		})), false},
		{"create, contexts not aligned", answerTo(cmdCreate, 0, with(sized(89, 96), func(b []byte) { b[80] = 153 })), false},
		{"close", answerTo(cmdClose, 0, sized(60, 60)), true},
		{"close, short", answerTo(cmdClose, 0, sized(60, 59)), false},
		{"read", answerTo(cmdRead, 0, with(sized(17, 20), func(b []byte) { b[2], b[4] = 80, 4 })), true},
		{"read, one more", answerTo(cmdRead, 0, with(sized(17, 20), func(b []byte) { b[2], b[4] = 80, 5 })), false},
		{"read, from the header", answerTo(cmdRead, 0, with(sized(17, 20), func(b []byte) { b[2], b[4] = 79, 4 })), false},
		{"read, overflow", answerTo(cmdRead, smb.StatusBufferOverflow, nil), true},
		{"write", answerTo(cmdWrite, 0, sized(17, 16)), true},
		{"query info", answerTo(cmdQueryInfo, 0, with(sized(9, 12), func(b []byte) { b[2], b[4] = 72, 4 })), true},
		{"query info, one more", answerTo(cmdQueryInfo, 0, with(sized(9, 12), func(b []byte) { b[2], b[4] = 72, 5 })), false},

		{"error", answerTo(cmdCreate, smb.StatusAccessDenied, errorBody()), true},
		{"error, wrong size", answerTo(cmdCreate, smb.StatusAccessDenied, sized(8, 9)), false},
		{"error, data leave", answerTo(cmdCreate, smb.StatusAccessDenied, with(errorBody(), func(b []byte) { b[4] = 2 })), false},
		{"error, context", answerTo(cmdCreate, smb.StatusAccessDenied, with(sized(9, 24), func(b []byte) { b[2], b[4], b[8] = 1, 16, 8 })), true},
		{"error, context leaves", answerTo(cmdCreate, smb.StatusAccessDenied, with(sized(9, 24), func(b []byte) { b[2], b[4], b[8] = 1, 16, 9 })), false},
		{"error, context wraps", answerTo(cmdCreate, smb.StatusAccessDenied, with(sized(9, 24), func(b []byte) {
			b[2], b[4] = 1, 16
			binary.LittleEndian.PutUint32(b[8:], 0xFFFFFFFF)
		})), false},
	}
	for _, tt := range tests {
		err := checkFrame(tt.frame)
		if tt.ok && err != nil || !tt.ok && !errors.Is(err, smb.ErrProtocol) {
			t.Errorf("%s: %v, want ok %t", tt.name, err, tt.ok)
		}
	}
}

// body311 is the answer of SMB 3.1.1 with one context, of 8+6 bytes, that says
// it has so many bytes of data.
func body311(count, kind, length uint16) []byte {
	body := negotiateBody(dialect311)
	binary.LittleEndian.PutUint16(body[6:], count)
	binary.LittleEndian.PutUint32(body[60:], headerSize+64)
	context := make([]byte, 14)
	binary.LittleEndian.PutUint16(context[0:], kind)
	binary.LittleEndian.PutUint16(context[2:], length)
	binary.LittleEndian.PutUint16(context[8:], 1)  // one algorithm
	binary.LittleEndian.PutUint16(context[12:], 1) // SHA-512
	return append(body, context...)
}
