package faultproxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"time"
)

// headerSize is the size of the transport's header (RFC 1002 4.3.1, [MS-SMB] 2.1).
const headerSize = 4

// typeKeepAlive is the type of a NetBIOS keep-alive (RFC 1002 4.3.7).
const typeKeepAlive = 0x85

// statusPending marks an interim answer ([MS-SMB2] 2.2.1.1).
const statusPending = 0x00000103

// readMessage reads a message with its header. It has 16 MiB at most: its length is a
// number of 24 bits.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	message := slices.Grow(header, lengthOf(header))[:headerSize+lengthOf(header)]
	if _, err := io.ReadFull(r, message[headerSize:]); err != nil {
		return nil, err
	}
	return message, nil
}

// comesWithin reports whether a byte comes within the time. Nothing of it is lost, and an
// error of the connection is found again by who reads on.
func comesWithin(conn net.Conn, r *bufio.Reader, patience time.Duration) (bool, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	_, err := r.Peek(1)
	return err == nil, conn.SetReadDeadline(time.Time{})
}

func lengthOf(message []byte) int { return int(binary.BigEndian.Uint32(message) & 0xFFFFFF) }

// withLength returns a message whose header says this length, whatever its body has.
func withLength(message []byte, length int) []byte {
	changed := slices.Clone(message)
	changed[1], changed[2], changed[3] = byte(length>>16), byte(length>>8), byte(length)
	return changed
}

// incidental reports whether a message comes or does not come as the server's load has it.
func incidental(message []byte) bool {
	if message[0] == typeKeepAlive {
		return true
	}
	p, body := protocolOf(message)
	return p == smb2 && body[smb2Flags]&flagResponse != 0 && binary.LittleEndian.Uint32(body[smb2Status:]) == statusPending
}
