// Package ndr reads and writes the parameters of remote procedures in the
// transfer syntax NDR 2.0 (C706 chapter 14, MS-RPCE 2.2.4), little-endian, as far
// as the calls of a probe need it. Alignment counts from the start of the stub.
package ndr

import (
	"encoding/binary"
	"unicode/utf16"
)

// Handle is a context handle: attributes and a UUID (C706 appendix N, ndr_context_handle).
// Its bytes are the stub of a call that takes it alone.
type Handle [20]byte

// firstReferent is the referent identifier of a stub's first pointer, and
// referentStep what each further one adds: the numbers that Windows uses.
const (
	firstReferent = 0x00020000
	referentStep  = 4
)

// Writer encodes a stub. The zero value is ready. Texts must be shorter
// than 32,767 UTF-16 units.
type Writer struct {
	b        []byte
	pointers uint32    // written up to now, null pointers too
	short    [160]byte // memory of a stub that fits, as most do
}

// grow makes room for the first bytes without an allocation of its own.
func (w *Writer) grow() {
	if w.b == nil {
		w.b = w.short[:0]
	}
}

// Stub returns the encoded stub.
func (w *Writer) Stub() []byte { return w.b }

func (w *Writer) align(n int) {
	w.grow()
	for len(w.b)%n != 0 {
		w.b = append(w.b, 0)
	}
}

// U16 writes an aligned 16-bit number.
func (w *Writer) U16(v uint16) {
	w.align(2)
	w.b = binary.LittleEndian.AppendUint16(w.b, v)
}

// U32 writes an aligned 32-bit number.
func (w *Writer) U32(v uint32) {
	w.align(4)
	w.b = binary.LittleEndian.AppendUint32(w.b, v)
}

// Handle writes a context handle.
func (w *Writer) Handle(h Handle) {
	w.align(4)
	w.b = append(w.b, h[:]...)
}

// Pointer writes a unique pointer that is not null (C706 14.3.10). The caller
// writes what it points to, in its place.
func (w *Writer) Pointer() {
	w.U32(firstReferent + referentStep*w.pointers)
	w.pointers++
}

// Null writes a null pointer.
func (w *Writer) Null() {
	w.U32(0)
	w.pointers++
}

// String writes a conformant and varying string with its NUL (C706 14.3.4.2):
// [string] wchar_t *.
func (w *Writer) String(s string) {
	n := unitsOf(s) + 1
	w.array(n, n)
	w.text(s)
	w.unit(0)
}

// UnicodeString writes an RPC_UNICODE_STRING (MS-DTYP 2.3.10) whose Length does
// not count the NUL, though MaximumLength has room for it: the form of the event log.
// An empty text is a null pointer.
func (w *Writer) UnicodeString(s string) {
	n := unitsOf(s)
	if n == 0 {
		w.U32(0) // Length, MaximumLength
		w.Null()
		return
	}
	w.unicodeString(n, n+1)
	w.text(s)
	w.align(4)
}

// UnicodeStringNUL writes an RPC_UNICODE_STRING whose Length counts the NUL: the
// form of the registry (MS-RRP 2.2.4).
func (w *Writer) UnicodeStringNUL(s string) {
	n := unitsOf(s) + 1
	w.unicodeString(n, n)
	w.text(s)
	w.unit(0)
	w.align(4)
}

// UnicodeRoom writes an empty RPC_UNICODE_STRING with room for the server's text of so
// many UTF-16 units, including its NUL.
func (w *Writer) UnicodeRoom(units int) { w.unicodeString(0, units) }

// unicodeString writes an RPC_UNICODE_STRING up to its units, which the caller writes.
func (w *Writer) unicodeString(units, room int) {
	w.align(4)
	w.U16(uint16(2 * units))
	w.U16(uint16(2 * room))
	w.Pointer()
	w.array(units, room)
}

// array writes what is in front of the elements of a conformant and varying array of
// wchar_t (C706 14.3.3.4).
func (w *Writer) array(units, room int) {
	w.U32(uint32(room))
	w.U32(0) // offset
	w.U32(uint32(units))
}

func (w *Writer) unit(u uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, u) }

// text writes a text in UTF-16. What is not UTF-8 becomes U+FFFD.
func (w *Writer) text(s string) {
	for _, r := range s {
		if first, second := utf16.EncodeRune(r); first != '\uFFFD' {
			w.unit(uint16(first))
			w.unit(uint16(second))
		} else {
			w.unit(uint16(r))
		}
	}
}

// unitsOf returns how many UTF-16 units a text takes.
func unitsOf(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
