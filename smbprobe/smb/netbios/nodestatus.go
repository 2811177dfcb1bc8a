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
	// answerWait is the time limit of each of the two tries.
	answerWait = time.Second
	// maxStrays is the number of datagrams that are no answers and are skipped.
	maxStrays = 64
	// maxDatagram holds the largest name table, 255 names, and what follows it.
	maxDatagram = 8192
)

// NodeStatus queries addr, which is UDP port 137 except in tests, for its name table
// (RFC 1002 4.2.17, 4.2.18). It queries the wildcard name. If no answer
// comes within a second, it sends the query again together with one for the name of
// the domain master browsers, because an NT 4.0 that is one may not answer the
// wildcard. It takes two seconds at most and ignores datagrams that answer neither.
// The dial function must connect the socket, so that only datagrams of addr are
// read.
//
// Errors: those of dial and of ctx; context.DeadlineExceeded if no answer came;
// smb.ErrProtocol if too many datagrams came that are not answers; else the
// network's.
func NodeStatus(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error),
	addr netip.AddrPort, rounds *smb.Rounds,
) ([]Name, error) {
	op := "NetBIOS node status of " + addr.String()
	conn, err := dial(ctx, "udp", addr.String())
	if err != nil {
		return nil, &smb.Error{Op: op, Err: err}
	}
	defer func() { _ = conn.Close() }()

	q := newStatusQuery(conn)
	round := rounds.Sent()
	names, err := q.query(ctx, wildcardName())
	if err != nil && ctx.Err() == nil && isTimeout(err) {
		names, err = q.query(ctx, wildcardName(), mastersName())
	}
	if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		rounds.Answered(round)
	}
	if err != nil {
		return nil, &smb.Error{Op: op, Err: statusError(ctx, err)}
	}
	return names, nil
}

// statusError replaces the socket's time limit by context.DeadlineExceeded.
func statusError(ctx context.Context, err error) error {
	switch {
	case !isTimeout(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("no answer to 2 tries of %s: %w", answerWait, context.DeadlineExceeded)
}

// statusQuery holds the queries of one NodeStatus.
type statusQuery struct {
	conn   net.Conn
	id     uint16 // of the next query; answers to all from first on count
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

// query sends a query for each name and waits for an answer to any query so far.
func (q *statusQuery) query(ctx context.Context, names ...[EncodedNameSize]byte) ([]Name, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	release := interruptWith(ctx, q.conn)
	table, err := q.exchange(names)
	if panicked := release(); panicked != nil {
		return nil, panicked
	}
	return table, err
}

func (q *statusQuery) exchange(names [][EncodedNameSize]byte) ([]Name, error) {
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
			return nil, fmt.Errorf("%w: %d datagrams that answer none of our queries", smb.ErrProtocol, q.strays)
		}
	}
}
