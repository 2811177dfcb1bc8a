package simnt

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// boundPipe opens the event log's pipe.
func boundPipe(w *wire) uint16 {
	w.t.Helper()
	w.session("IPC$")
	fid, r := w.create(`\eventlog`, 0x0002019F)
	w.must("open", r)
	if kind, state := binary.LittleEndian.Uint16(r.words[63:]), binary.LittleEndian.Uint16(r.words[65:]); kind != 2 || state != 0x05FF {
		w.t.Errorf("resource type %d, pipe state 0x%04X, want a pipe in message mode", kind, state)
	}
	return fid
}

// dataOf returns the data of an answer to a transaction or a read.
func dataOf(r reply) []byte {
	if r.command == cmdReadAndX {
		return r.raw[r.u16(12):][:r.u16(10)]
	}
	return r.raw[r.u16(14):][:r.u16(12)]
}

func TestTransact(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	fid := boundPipe(w)
	w.send(w.transactMessage(fid, 4280, bind()))
	ack := dataOf(w.must("bind", w.receive()))
	if len(ack) < 60 || ack[2] != 12 {
		t.Fatalf("%x, want a bind_ack", ack)
	}

	// Longer than requested: the rest is read.
	other, r := w.create(`\eventlog`, 0x0002019F)
	w.must("open", r)
	w.send(w.transactMessage(other, 16, bind()))
	r = w.receive()
	w.want("longer than asked for", statusBufferOverflow, r)
	got := append([]byte(nil), dataOf(r)...)
	w.send(w.transactMessage(other, 4280, bind()))
	w.want("while something is to be read", statusPipeBusy, w.receive())
	w.send(w.readMessage(other, 0, 16, 0, cmdNone))
	r = w.receive()
	w.want("longer than asked for, again", statusBufferOverflow, r)
	got = append(got, dataOf(r)...)
	w.send(w.readMessage(other, 0, 4280, 0, cmdNone))
	got = append(got, dataOf(w.must("the rest", w.receive()))...)
	if len(got) != len(ack) {
		t.Errorf("%d bytes in parts, want %d", len(got), len(ack))
	}
	w.send(w.readMessage(other, 0, 4280, 0, cmdNone))
	w.want("nothing to read", statusPipeEmpty, w.receive())
}

// TestPipeBusy: a pipe takes one transaction at a time.
func TestPipeBusy(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	fid := boundPipe(w)
	w.send(w.transactMessage(fid, 4280, bind()), w.transactMessage(fid, 4280, bind()))
	w.must("the first", w.receive())
	w.want("the second at the same time", statusPipeBusy, w.receive())
}

// TestWriteAndRead: a read that came before waits for what a write brings about, and a message
// may come in several writes.
func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	fid := boundPipe(w)
	write := func(part []byte, mode byte, remaining int) []byte {
		words := &writer{}
		words.bytes([]byte{cmdNone, 0, 0, 0})
		words.u16(fid)
		words.zeros(8)
		words.bytes([]byte{mode, 0})
		words.u16(uint16(remaining))
		words.u16(0)
		words.u16(uint16(len(part)))
		words.u16(64)
		words.u32(0)
		return w.build(cmdWriteAndX, words.b, append([]byte{0}, part...))
	}
	const start = 8
	message := bind()
	w.send(w.readMessage(fid, 0, 4280, 1, cmdNone), write(message[:40], start, len(message)))
	if r := w.must("half a message", w.receive()); r.command != cmdWriteAndX || r.u16(4) != 40 {
		t.Errorf("command 0x%02X, count %d, want the write's answer for 40 bytes", r.command, r.u16(4))
	}
	w.send(w.transactMessage(fid, 4280, message))
	w.want("a transaction in the middle of a message", statusPipeBusy, w.receive())
	w.send(write(message[40:], 0, 0))
	answered := map[byte]reply{}
	for range 2 {
		r := w.must("the whole message", w.receive())
		answered[r.command] = r
	}
	if r, ok := answered[cmdReadAndX]; !ok || dataOf(r)[2] != 12 {
		t.Error("the read that waited has no bind_ack")
	}
}

// TestSplit: an answer that does not fit the buffers comes in several messages.
func TestSplit(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{MaxBufferSize: minMaxBufferSize})
	for i := range 40 {
		w.host.WriteFile(fmt.Sprintf(`C:\many\file%02d.txt`, i), nil, time.Now())
	}
	w.session("C$")
	words := &writer{}
	pattern := append(utf16le(`\many\file*`), 0, 0)
	for _, v := range []uint16{uint16(12 + len(pattern)), 0, 10, 0xF000, 0, 0, 0, 0, 0, uint16(12 + len(pattern)), 68, 0, 0, 1, findFirst2} {
		words.u16(v)
	}
	data := append([]byte{0, 0, 0, attributeDirectory, 0, 200, 0, closeAtEnd, 0, 4, 1, 0, 0, 0, 0}, pattern...)
	w.send(w.build(cmdTransaction2, words.b, data))
	total, sum, messages := 1, 0, 0
	for ; sum < total; messages++ {
		r := w.must("find", w.receive())
		total = int(r.u16(2))
		if len(r.raw) > minMaxBufferSize || int(r.u16(16)) != sum || r.mid != w.mid {
			t.Fatalf("%d bytes, displacement %d, MID %d; want at most %d, %d and %d", len(r.raw), r.u16(16), r.mid, minMaxBufferSize, sum, w.mid)
		}
		if messages == 0 {
			p := r.raw[r.u16(8):]
			if found, end := binary.LittleEndian.Uint16(p[2:]), binary.LittleEndian.Uint16(p[4:]); found != 40 || end != 1 {
				t.Errorf("%d found, end %d, want 40 and 1", found, end)
			}
		}
		sum += int(r.u16(12))
	}
	if messages < 4 || sum != total {
		t.Errorf("%d bytes of %d in %d messages, want several", sum, total, messages)
	}
}
