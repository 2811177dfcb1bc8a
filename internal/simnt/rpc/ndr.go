package rpc

import (
	"encoding/binary"
	"unicode/utf16"
)

// reader reads the stub of a request: NDR 2.0, little-endian (C706 chapter 14). After the first
// error, bad is set and everything reads as zero. Bytes after the last parameter are ignored,
// as on Windows.
type reader struct {
	b   []byte
	at  int
	bad bool
}

// take returns the next n bytes, which start at a multiple of align.
func (r *reader) take(n, align int) []byte {
	at := r.at + -r.at&(align-1)
	if r.bad || n < 0 || at > len(r.b) || n > len(r.b)-at {
		r.bad = true
		return nil
	}
	r.at = at + n
	return r.b[at:r.at]
}

func (r *reader) u16() uint16 {
	if b := r.take(2, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// pointer reports whether a unique pointer points to something.
func (r *reader) pointer() bool { return r.u32() != 0 }

func (r *reader) handle() handle {
	var h handle
	copy(h[:], r.take(len(h), 4))
	return h
}

// varying returns the elements of a conformant varying array of elements of this
// size in bytes, and its maximum count (C706 14.3.3.4).
func (r *reader) varying(size int) (elements []byte, room uint32) {
	room = r.u32()
	offset, count := r.u32(), r.u32()
	if offset != 0 || count > room || int64(count) > int64(len(r.b)) {
		r.bad = true
		return nil, 0
	}
	return r.take(int(count)*size, size), room
}

// text reads a [string] of wchar_t, which ends with a NUL and has no other.
func (r *reader) text() string {
	b, _ := r.varying(2)
	units := utf16Units(b)
	for i, unit := range units {
		if (unit == 0) != (i == len(units)-1) {
			r.bad = true
		}
	}
	if r.bad || len(units) == 0 {
		r.bad = true
		return ""
	}
	return string(utf16.Decode(units[:len(units)-1]))
}

// optionalText reads a unique pointer to a text.
func (r *reader) optionalText() (s string, there bool) {
	if !r.pointer() {
		return "", false
	}
	return r.text(), true
}

// optionalU32 reads a unique pointer to a number.
func (r *reader) optionalU32() (v uint32, there bool) {
	if !r.pointer() {
		return 0, false
	}
	return r.u32(), true
}

// unicodeString reads an RPC_UNICODE_STRING (MS-DTYP 2.3.10) that is a parameter itself: its
// units, and the size of its buffer in bytes, 0 if there is none.
func (r *reader) unicodeString() (units []uint16, room uint16) {
	r.take(0, 4)
	length, room := r.u16(), r.u16()
	if !r.pointer() {
		r.bad = r.bad || length != 0
		return nil, 0
	}
	b, most := r.varying(2)
	if length%2 != 0 || room%2 != 0 || int(length) != len(b) || uint32(room)/2 != most {
		r.bad = true
		return nil, 0
	}
	return utf16Units(b), room
}

func utf16Units(b []byte) []uint16 {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	return units
}

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

// pointer writes a unique pointer; the caller writes what it points to.
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

// unicodeString writes an RPC_UNICODE_STRING (MS-DTYP 2.3.10) that is a parameter itself, with
// a text in UTF-16LE and a buffer of room bytes.
func (w *writer) unicodeString(text []byte, room uint16) {
	w.b = pad4(w.b)
	w.u16(uint16(len(text)))
	w.u16(room)
	w.pointer(true)
	w.u32(uint32(room)/2, 0, uint32(len(text)/2))
	w.b = append(w.b, text...)
}
