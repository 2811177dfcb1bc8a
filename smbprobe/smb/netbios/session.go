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
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// RequestSession requests a session with the server service of the called name
// (RFC 1002 4.3.2) and reads the answer. After nil, SMB messages follow; after any
// error the caller closes the connection, and the next called name needs a new one.
// EncodeName encodes both names.
//
// It ends when ctx ends. It uses conn's deadlines and clears them. The round
// trip counts in rounds.
//
// Errors, for errors.Is and errors.As: *RefusedError, *RetargetError,
// smb.ErrNotSMB if the peer is not a session service, smb.ErrProtocol,
// smb.ErrConnectionLost, and those of ctx.
func RequestSession(ctx context.Context, conn net.Conn, called, calling string, rounds *smb.Rounds) error {
	op := fmt.Sprintf("NetBIOS session request to %q", called)
	request, err := sessionRequest(called, calling)
	if err != nil {
		return &smb.Error{Op: op, Err: err}
	}

	release := interruptWith(ctx, conn)
	err = exchangeSession(conn, request, called, rounds)
	if panicked := release(); panicked != nil {
		err = panicked
	}
	if err != nil {
		return &smb.Error{Op: op, Err: transportError(ctx, err)}
	}
	return nil
}

// exchangeSession sends a session request and reads the answer.
func exchangeSession(conn net.Conn, request []byte, called string, rounds *smb.Rounds) error {
	round := rounds.Sent()
	if _, err := conn.Write(request); err != nil {
		return err
	}
	answered, err := readSessionAnswer(conn, called)
	if answered {
		rounds.Answered(round)
	}
	return err
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
		return fmt.Errorf("%w: retarget to %s, which is not an address", smb.ErrProtocol, to)
	}
	return &RetargetError{Addr: to}
}

// transportError returns why reading or writing failed: the context's error if
// that ended it, smb.ErrConnectionLost if the server did, else err itself.
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

// interruptWith makes reads and writes of conn fail when ctx ends. The caller calls
// release when it is done: that waits for what was started here and clears the
// deadline. A panic of it closes conn, and release returns it.
func interruptWith(ctx context.Context, conn net.Conn) (release func() error) {
	ended := make(chan struct{})
	var panicked error
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		defer func() {
			if panicked = smb.Recovered(recover()); panicked != nil {
				_ = conn.Close() // nothing else ends what waits
			}
		}()
		_ = conn.SetDeadline(time.Unix(1, 0)) // fails only on a closed connection
	})
	return func() error {
		if !stop() {
			<-ended
		}
		if panicked == nil {
			_ = conn.SetDeadline(time.Time{}) // the same
		}
		return panicked
	}
}

// isTimeout reports whether a deadline ended a read or a write.
func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// Codes of a refused session request (RFC 1002 4.3.4).
const (
	CodeNotListeningOnCalled   byte = 0x80
	CodeNotListeningForCalling byte = 0x81
	CodeCalledNotPresent       byte = 0x82
	CodeNoResources            byte = 0x83
	CodeUnspecified            byte = 0x8F
)

// RefusedError is a negative answer to a session request: the server is there, but
// does not accept these names.
type RefusedError struct {
	Called string // the called name of the request
	Code   byte   // one of the codes of RFC 1002 4.3.4
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refused the called name %q with code 0x%02X: %s", e.Called, e.Code, refusal(e.Code))
}

func refusal(code byte) string {
	if text := refusals[code]; text != "" {
		return text
	}
	return "a code that RFC 1002 does not define"
}

var refusals = map[byte]string{
	CodeNotListeningOnCalled:   "the name is there, but its server service does not listen; start the service, or try another called name",
	CodeNotListeningForCalling: "it does not listen for our calling name; the server may limit which hosts may connect",
	CodeCalledNotPresent:       "the name is not there; set netbios_name to the server's computer name",
	CodeNoResources:            "the name is there, but without resources for another session; try again later",
	CodeUnspecified:            "no reason given; try another called name",
}

// RetargetError is an answer that redirects the caller to another address. Check that
// the address is allowed before the login goes there.
type RetargetError struct {
	Addr netip.AddrPort
}

func (e *RetargetError) Error() string {
	return fmt.Sprintf("the server redirects to %s; add that address to the targets to follow it", e.Addr)
}
