package netbios

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// answerWait is how long an answer is waited for before the one retry, and
	// after it.
	answerWait = time.Second
	// maxStrays is how many datagrams that answer nothing are read past.
	maxStrays = 64
	// maxDatagram holds the largest name table, 255 names, and what follows it.
	maxDatagram = 8192
)

// NodeStatus asks addr, which is UDP port 137 but in tests, for its name table
// (RFC 1002 4.2.17, 4.2.18). It asks with the wildcard name; where no answer
// comes within a second, it asks once more, and beside it with the name of the
// domain master browsers, as an NT 4.0 that is one may not answer the wildcard.
// So it takes two seconds at most. Datagrams that answer neither are ignored.
// The dial function must connect the socket, so that nobody else's datagrams
// are read.
//
// Errors: those of dial and of ctx; context.DeadlineExceeded where no answer came;
// smb.ErrProtocol where too many datagrams came that are none; else the
// network's.
func NodeStatus(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error),
	addr netip.AddrPort, rounds *smb.Rounds,
) ([]Name, error) {
	op := "NetBIOS node status of " + addr.String()
	conn, err := dial(ctx, "udp", addr.String())
	if err != nil {
		return nil, &smb.Error{Op: op, Err: err}
	}
	defer func() { _ = conn.Close() }() // nothing is owed to a socket that was only read

	q := newStatusQuery(conn)
	round := rounds.Sent()
	names, err := q.ask(ctx, wildcardName())
	if err != nil && ctx.Err() == nil && isTimeout(err) {
		names, err = q.ask(ctx, wildcardName(), mastersName())
	}
	if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		rounds.Answered(round)
	}
	if err != nil {
		return nil, &smb.Error{Op: op, Err: statusError(ctx, err)}
	}
	return names, nil
}

// statusError puts context.DeadlineExceeded in the place of the socket's own
// time limit.
func statusError(ctx context.Context, err error) error {
	switch {
	case !isTimeout(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("no answer to 2 tries of %s: %w", answerWait, context.DeadlineExceeded)
}

// statusQuery is the queries of one NodeStatus.
type statusQuery struct {
	conn   net.Conn
	id     uint16 // of the next query; answers to all of this run count
	first  uint16
	strays int
	buf    []byte
}

func newStatusQuery(conn net.Conn) *statusQuery {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	id := binary.BigEndian.Uint16(b[:])
	return &statusQuery{conn: conn, id: id, first: id, buf: make([]byte, maxDatagram)}
}

// ask sends a query for each name and waits for an answer to any query up to
// now.
func (q *statusQuery) ask(ctx context.Context, names ...[EncodedNameSize]byte) ([]Name, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	release := interruptWith(ctx, q.conn)
	defer release()

	for _, name := range names {
		if _, err := q.conn.Write(statusRequest(q.id, name)); err != nil {
			return nil, err
		}
		q.id++
	}
	for {
		n, err := q.conn.Read(q.buf)
		if err != nil {
			return nil, err
		}
		id, table, err := parseStatus(q.buf[:n])
		if err == nil && id-q.first < q.id-q.first {
			return table, nil
		}
		if q.strays++; q.strays > maxStrays {
			return nil, fmt.Errorf("%w: %d datagrams that answer no query of ours", smb.ErrProtocol, q.strays)
		}
	}
}
