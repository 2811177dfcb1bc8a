package smb1

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// The other end of a connection in memory, for what no real server does at will.
// It answers in bytes that the test spells out.

// asked is a request as the peer sees it.
type asked struct {
	command byte
	mid     uint16
	raw     []byte
}

// peer reads requests from one end of a pipe and hands each to serve, which
// writes to the connection what it likes. It ends with the connection.
func peer(t *testing.T, serve func(conn net.Conn, r asked)) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			var head [4]byte
			if _, err := io.ReadFull(theirs, head[:]); err != nil {
				return
			}
			raw := make([]byte, binary.BigEndian.Uint32(head[:]))
			if _, err := io.ReadFull(theirs, raw); err != nil {
				return
			}
			serve(theirs, asked{raw[4], binary.LittleEndian.Uint16(raw[30:]), raw})
		}
	}()
	t.Cleanup(func() {
		_ = theirs.Close()
		<-done
	})
	return ours
}

// send writes a message behind its frame header. An error means that the client
// has closed: what the test expects then shows at the client.
func send(conn net.Conn, raw []byte) {
	_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))), raw...))
}

// answer makes a message of one block.
func answer(command byte, mid uint16, status smb.Status, words, data []byte) []byte {
	b := []byte{0xFF, 'S', 'M', 'B', command}
	b = binary.LittleEndian.AppendUint32(b, uint32(status))
	b = append(b, flagReply)
	b = binary.LittleEndian.AppendUint16(b, flags2NTStatus)
	b = append(b, make([]byte, 12)...)
	b = append(b, 1, 8, 0, 0, 1, 8) // TID, PID, UID
	b = binary.LittleEndian.AppendUint16(b, mid)
	b = append(append(b, byte(len(words)/2)), words...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func words(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func answerTransaction(mid uint16, status smb.Status, total, displacement int, data string) []byte {
	const at = headerSize + 1 + 20 + 2
	return answer(cmdTransaction, mid, status,
		words(0, uint16(total), 0, 0, 0, 0, uint16(len(data)), at, uint16(displacement), 0), []byte(data))
}

func answerRead(mid uint16, data string) []byte {
	const at = headerSize + 1 + 24 + 2
	return answer(cmdReadAndX, mid, 0, words(0xFF, 0, 0xFFFF, 0, 0, uint16(len(data)), at, 0, 0, 0, 0, 0), []byte(data))
}
