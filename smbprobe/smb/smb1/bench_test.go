package smb1

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// BenchmarkTransact calls a pipe, whose other end answers at once.
func BenchmarkTransact(b *testing.B) {
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		in, request := bufio.NewReader(theirs), make([]byte, 0, 512)
		var head [4]byte
		for {
			if _, err := io.ReadFull(in, head[:]); err != nil {
				return
			}
			request = request[:binary.BigEndian.Uint32(head[:])]
			if _, err := io.ReadFull(in, request); err != nil {
				return
			}
			send(theirs, answerTransaction(binary.LittleEndian.Uint16(request[30:]), 0, 4, 0, "abcd"))
		}
	}()
	c := newConn(ours, smb.NewRounds(), nil)
	s := newSession(&Client{conn: c, server: negotiated{maxMpx: 10, maxBufferSize: 4356, capabilities: capUnicode}}, 1)
	p := newPipe(s.newTree(1, "IPC$"), "eventlog", 7)
	message := make([]byte, 60)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Transact(b.Context(), message, 4280); err != nil {
			b.Fatal(err)
		}
	}
	c.close()
	_ = theirs.Close()
	<-done
}
