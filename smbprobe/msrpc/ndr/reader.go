package ndr

import (
	"encoding/binary"
	"unicode/utf16"
)

// Reader decodes a stub. Every method reports whether the next part of the stub is
// complete and sound. If not, it leaves out unchanged and the stub is unusable.
type Reader struct {
	b  []byte
	at int
}

// NewReader returns a reader of a whole stub.
func NewReader(stub []byte) *Reader { return &Reader{b: stub} }

// Empty reports whether the stub has been read to its end.
func (r *Reader) Empty() bool { return r.at == len(r.b) }

// Bytes reads n bytes, which are a part of the stub, not a copy.
func (r *Reader) Bytes(n int, out *[]byte) bool {
	if n < 0 || n > len(r.b)-r.at {
		return false
	}
	*out = r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return true
}

// Align skips what pads a part of the stub to a multiple of n, a power of two.
func (r *Reader) Align(n int) bool {
	pad := -r.at & (n - 1)
	if pad > len(r.b)-r.at {
		return false
	}
	r.at += pad
	return true
}

func (r *Reader) aligned(alignment, n int, out *[]byte) bool {
	return r.Align(alignment) && r.Bytes(n, out)
}

// U16 reads an aligned 16-bit number.
func (r *Reader) U16(out *uint16) bool {
	var b []byte
	if !r.aligned(2, 2, &b) {
		return false
	}
	*out = binary.LittleEndian.Uint16(b)
	return true
}

// U32 reads an aligned 32-bit number.
func (r *Reader) U32(out *uint32) bool {
	var b []byte
	if !r.aligned(4, 4, &b) {
		return false
	}
	*out = binary.LittleEndian.Uint32(b)
	return true
}

// Handle reads a context handle.
func (r *Reader) Handle(out *Handle) bool {
	var b []byte
	if !r.aligned(4, len(out), &b) {
		return false
	}
	*out = Handle(b)
	return true
}

// Pointer reads a unique pointer, and sets there to whether it is not null.
func (r *Reader) Pointer(there *bool) bool {
	var referent uint32
	if !r.U32(&referent) {
		return false
	}
	*there = referent != 0
	return true
}

// Array reads a conformant array of bytes that must hold n (C706 14.3.3.2). It is
// a part of the stub, not a copy.
func (r *Reader) Array(n int, out *[]byte) bool {
	var count uint32
	return r.U32(&count) && int64(count) == int64(n) && r.Bytes(n, out)
}

// VaryingArray reads a conformant and varying array of bytes (C706 14.3.3.4), which
// holds no more than it has room for. It is a part of the stub, not a copy.
func (r *Reader) VaryingArray(out *[]byte) bool {
	var room, offset, count uint32
	return r.U32(&room) && r.U32(&offset) && r.U32(&count) && offset == 0 && count <= room &&
		int64(count) <= int64(len(r.b)) && r.Bytes(int(count), out)
}

// UnicodeString reads an RPC_UNICODE_STRING (MS-DTYP 2.3.10) that is a parameter of
// its own, without the NUL at its end if there is one. Its lengths must agree
// with those of the array that it points to. One without an array is empty.
func (r *Reader) UnicodeString(out *string) bool {
	var length, size uint16
	var there bool
	if !r.Align(4) || !r.U16(&length) || !r.U16(&size) || !r.Pointer(&there) || length%2 != 0 || length > size {
		return false
	}
	if !there {
		if length != 0 {
			return false
		}
		*out = ""
		return true
	}
	ahead := *r
	var room, offset, count uint32
	if !ahead.U32(&room) || !ahead.U32(&offset) || !ahead.U32(&count) || room != uint32(size/2) || count != uint32(length/2) {
		return false
	}
	return r.String(out)
}

// String reads a conformant and varying array of wchar_t (C706 14.3.3.4), the
// data of a [string] or of an RPC_UNICODE_STRING, without the NUL at its end if
// there is one. Invalid UTF-16 becomes U+FFFD.
func (r *Reader) String(out *string) bool {
	var room, offset, count uint32
	if !r.U32(&room) || !r.U32(&offset) || !r.U32(&count) || offset != 0 || count > room {
		return false
	}
	var b []byte
	if int64(count) > int64(len(r.b)) || !r.Bytes(2*int(count), &b) {
		return false
	}
	units := make([]uint16, count)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	if count > 0 && units[count-1] == 0 {
		units = units[:count-1]
	}
	*out = string(utf16.Decode(units))
	return true
}
