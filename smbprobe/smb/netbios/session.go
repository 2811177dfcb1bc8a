package netbios

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// RequestSession asks for a session with the server service of the called name
// (RFC 1002 4.3.2) and reads the answer; after nil, SMB messages follow. After
// any error the connection is of no use and the caller closes it; the next
// called name needs a new one. Both names are encoded as EncodeName says.
//
// It ends when ctx ends. It sets conn's deadlines and leaves none. The round
// trip is counted in rounds.
//
// Errors, for errors.Is and errors.As: *RefusedError, *RetargetError,
// smb.ErrNotSMB where what answers is no session service, smb.ErrProtocol,
// smb.ErrConnectionLost, and those of ctx.
func RequestSession(ctx context.Context, conn net.Conn, called, calling string, rounds *smb.Rounds) error {
	op := fmt.Sprintf("NetBIOS session request to %q", called)
	request, err := sessionRequest(called, calling)
	if err != nil {
		return &smb.Error{Op: op, Err: err}
	}

	release := interruptWith(ctx, conn)
	defer release()
	round := rounds.Sent()
	if _, err := conn.Write(request); err != nil {
		return &smb.Error{Op: op, Err: transportError(ctx, err)}
	}
	answered, err := readSessionAnswer(conn, called)
	if answered {
		rounds.Answered(round)
	}
	if err != nil {
		return &smb.Error{Op: op, Err: transportError(ctx, err)}
	}
	return nil
}

// sessionRequest is SESSION REQUEST PACKET (RFC 1002 4.3.2).
func sessionRequest(called, calling string) ([]byte, error) {
	to, err := EncodeName(called, SuffixServer)
	if err != nil {
		return nil, fmt.Errorf("called name: %w", err)
	}
	from, err := EncodeName(calling, SuffixWorkstation)
	if err != nil {
		return nil, fmt.Errorf("calling name: %w", err)
	}
	b := []byte{typeRequest, 0, 0, 2 * EncodedNameSize}
	b = append(b, to[:]...)
	return append(b, from[:]...), nil
}

// readSessionAnswer reads the answer to a session request: nil for a positive
// one (RFC 1002 4.3.3 to 4.3.5). answered reports whether there was one, of any kind.
func readSessionAnswer(r io.Reader, called string) (answered bool, err error) {
	h, err := readPastKeepAlives(r)
	if err != nil {
		return false, err
	}
	var length int
	switch h.kind {
	case typePositiveResponse:
		length = 0
	case typeNegativeResponse:
		length = 1
	case typeRetargetResponse:
		length = 6
	case typeMessage, typeRequest:
		return true, fmt.Errorf("%w: session packet of type 0x%02X as the answer", smb.ErrProtocol, h.kind)
	default:
		return true, fmt.Errorf("%w: first byte of the answer 0x%02X, not a NetBIOS session packet", smb.ErrNotSMB, h.kind)
	}
	if h.length != length {
		return true, fmt.Errorf("%w: session packet of type 0x%02X with %d bytes, expected %d", smb.ErrProtocol, h.kind, h.length, length)
	}
	body := make([]byte, length)
	if err := readInside(r, body); err != nil {
		return false, err
	}
	switch h.kind {
	case typeNegativeResponse:
		return true, &RefusedError{Called: called, Code: body[0]}
	case typeRetargetResponse:
		return true, retarget(body)
	}
	return true, nil
}

// retarget reads the address and the port of SESSION RETARGET RESPONSE PACKET.
func retarget(body []byte) error {
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(body)), binary.BigEndian.Uint16(body[4:]))
	if to.Port() == 0 || to.Addr().IsUnspecified() {
		return fmt.Errorf("%w: retarget to %s, which is nowhere", smb.ErrProtocol, to)
	}
	return &RetargetError{Addr: to}
}

// transportError says why reading or writing failed: the context's error where
// that ended it, smb.ErrConnectionLost where the server did, else err itself.
func transportError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	case isTimeout(err) && ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	return err
}
