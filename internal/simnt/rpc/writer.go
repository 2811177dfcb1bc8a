package rpc

import "encoding/binary"

// writer builds the stub of an answer: NDR 2.0, little-endian (C706 chapter 14).
type writer struct {
	b        []byte
	pointers uint32 // pointers written
}

func (w *writer) u16(v uint16) {
	w.b = append(w.b, make([]byte, -len(w.b)&1)...)
	w.b = binary.LittleEndian.AppendUint16(w.b, v)
}

func (w *writer) u32(values ...uint32) {
	w.b = pad4(w.b)
	for _, v := range values {
		w.b = binary.LittleEndian.AppendUint32(w.b, v)
	}
}

// pointer writes a unique pointer; what it points to is the caller's to write.
func (w *writer) pointer(there bool) {
	if !there {
		w.u32(0)
		return
	}
	w.pointers++
	w.u32(0x20000 + 4*w.pointers)
}

// optionalU32 writes a unique pointer and the number that it points to.
func (w *writer) optionalU32(v uint32, there bool) {
	w.pointer(there)
	if there {
		w.u32(v)
	}
}

func (w *writer) handle(h handle) {
	w.b = append(pad4(w.b), h[:]...)
}

// text writes a [string] of wchar_t: a conformant varying array with its NUL.
func (w *writer) text(s string) {
	b := utf16z(s)
	n := uint32(len(b) / 2)
	w.u32(n, 0, n)
	w.b = append(w.b, b...)
}

// unicodeString writes an RPC_UNICODE_STRING (MS-DTYP 2.3.10) that is a parameter of
// its own, its text given in UTF-16, and with this room in bytes.
func (w *writer) unicodeString(text []byte, room uint16) {
	w.b = pad4(w.b)
	w.u16(uint16(len(text)))
	w.u16(room)
	w.pointer(true)
	w.u32(uint32(room)/2, 0, uint32(len(text)/2))
	w.b = append(w.b, text...)
}
