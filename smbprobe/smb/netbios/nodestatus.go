package netbios

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
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

const (
	statusHeader   = 12     // bytes of a name service packet's header
	flagResponse   = 0x8000 // R of the header
	maskOpcode     = 0x7800
	maskRcode      = 0x000F
	typeNodeStatus = 0x0021 // NBSTAT
	classInternet  = 0x0001
	nameEntry      = 18 // bytes of a name in the table
)

// errMalformed is the error of a datagram that is not a node status answer.
var errMalformed = errors.New("not a node status answer")

// wildcardName is the name that every node answers to: an asterisk and zero
// bytes instead of the spaces of other names.
func wildcardName() [EncodedNameSize]byte { return encodeBytes([16]byte{'*'}) }

// mastersName is the name that domain master browsers have in common, with
// suffix 0x01.
func mastersName() [EncodedNameSize]byte {
	return encodeBytes([16]byte([]byte("\x01\x02__MSBROWSE__\x02\x01")))
}

// statusRequest is NODE STATUS REQUEST (RFC 1002 4.2.17).
func statusRequest(id uint16, name [EncodedNameSize]byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, statusHeader+EncodedNameSize+4), id)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) // no flags, one question
	b = append(b, name[:]...)
	b = binary.BigEndian.AppendUint16(b, typeNodeStatus)
	return binary.BigEndian.AppendUint16(b, classInternet)
}

// parseStatus reads NODE STATUS RESPONSE (RFC 1002 4.2.18): the id of the query
// that it answers, and the names. The statistics after the names are ignored.
func parseStatus(b []byte) (id uint16, names []Name, err error) {
	if len(b) < statusHeader {
		return 0, nil, fmt.Errorf("%w: %d bytes", errMalformed, len(b))
	}
	flags := binary.BigEndian.Uint16(b[2:])
	if flags&flagResponse == 0 || flags&(maskOpcode|maskRcode) != 0 {
		return 0, nil, fmt.Errorf("%w: flags 0x%04X", errMalformed, flags)
	}
	questions, answers := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	if questions != 0 || answers == 0 {
		return 0, nil, fmt.Errorf("%w: %d questions, %d answers", errMalformed, questions, answers)
	}
	record, err := skipName(b[statusHeader:])
	if err != nil {
		return 0, nil, err
	}
	data, err := recordData(record)
	if err != nil {
		return 0, nil, err
	}
	names, err = parseNames(data)
	return binary.BigEndian.Uint16(b), names, err
}

// skipName returns what follows a name in second-level encoding (RFC 1002
// 4.1), which a pointer of two bytes may end.
func skipName(b []byte) ([]byte, error) {
	for len(b) > 0 {
		n := int(b[0])
		size := 1 + n
		if n >= 0xC0 {
			size = 2
		} else if n > 63 {
			return nil, fmt.Errorf("%w: label of %d bytes", errMalformed, n)
		}
		if size > len(b) {
			break
		}
		b = b[size:]
		if n == 0 || n >= 0xC0 {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: name cut off", errMalformed)
}

// recordData returns the data of a node status record, whose name was skipped.
func recordData(b []byte) ([]byte, error) {
	const fixed = 10 // type 2, class 2, time to live 4, length 2
	if len(b) < fixed {
		return nil, fmt.Errorf("%w: record cut off", errMalformed)
	}
	kind, class := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if kind != typeNodeStatus || class != classInternet {
		return nil, fmt.Errorf("%w: record of type 0x%04X, class 0x%04X", errMalformed, kind, class)
	}
	length := int(binary.BigEndian.Uint16(b[8:]))
	b = b[fixed:]
	if length > len(b) {
		return nil, fmt.Errorf("%w: record of %d bytes with %d left", errMalformed, length, len(b))
	}
	return b[:length], nil
}

// parseNames reads the table: a count, then 18 bytes for each name.
func parseNames(b []byte) ([]Name, error) {
	if len(b) == 0 || len(b)-1 < int(b[0])*nameEntry {
		return nil, fmt.Errorf("%w: name table cut off at %d bytes", errMalformed, len(b))
	}
	names := make([]Name, 0, b[0])
	for entry := range int(b[0]) {
		e := b[1+entry*nameEntry:]
		flags := binary.BigEndian.Uint16(e[16:])
		names = append(names, Name{
			Name:          strings.TrimRight(string(e[:maxName]), " \x00"),
			Suffix:        e[maxName],
			Group:         flags&flagGroup != 0,
			Deregistering: flags&flagDeregistering != 0,
			Conflict:      flags&flagConflict != 0,
			Active:        flags&flagActive != 0,
		})
	}
	return names, nil
}
