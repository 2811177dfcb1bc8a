package faultproxy

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// delivery is what goes out in place of a message.
type delivery struct {
	chunks [][]byte // written one after the other
	slowly bool     // a byte at a time
	then   ending
}

// ending is how the direction of the connection ends after a delivery.
type ending int

const (
	goesOn ending = iota
	closes        // FIN
	resets        // RST
	hangs         // nothing more is sent
)

func plain(message []byte) delivery { return delivery{chunks: [][]byte{message}} }

// reordered sends a message after the next one.
func reordered(first, second []byte) delivery { return delivery{chunks: [][]byte{second, first}} }

// spoil applies a kind to a message; it returns false if the message stays as it is.
// Reorder needs the next message: see reordered. The message itself is not changed.
func spoil(k Kind, message []byte, random *rand.Rand) (delivery, bool) {
	half := message[:len(message)/2]
	switch k {
	case CloseBefore:
		return delivery{then: closes}, true
	case CloseMiddle:
		return delivery{chunks: [][]byte{half}, then: closes}, true
	case CloseAfter:
		return delivery{chunks: [][]byte{message}, then: closes}, true
	case ResetBefore:
		return delivery{then: resets}, true
	case ResetMiddle:
		return delivery{chunks: [][]byte{half}, then: resets}, true
	case ResetAfter:
		return delivery{chunks: [][]byte{message}, then: resets}, true
	case HangBefore:
		return delivery{then: hangs}, true
	case HangMiddle:
		return delivery{chunks: [][]byte{half}, then: hangs}, true
	case HangAfter:
		return delivery{chunks: [][]byte{message}, then: hangs}, true
	case Trickle:
		return delivery{chunks: [][]byte{message}, slowly: true}, true
	case KeepAlive:
		return delivery{chunks: [][]byte{{typeKeepAlive, 0, 0, 0}, message}}, true
	case Duplicate:
		return delivery{chunks: [][]byte{message, message}}, true
	case Insert:
		return delivery{chunks: [][]byte{noise(1+random.IntN(64), random), message}}, true
	case EmptyFrame:
		return delivery{chunks: [][]byte{make([]byte, headerSize*(1+random.IntN(16))), message}}, true
	case HugeFrame:
		const least, end = 128 << 10, 16 << 20
		frame := withLength(make([]byte, headerSize), least+random.IntN(end-least))
		return delivery{chunks: [][]byte{frame, noise(1+random.IntN(1024), random)}, then: hangs}, true
	case TruncateSMB:
		return truncateSMB(message, random)
	}
	changed := change(k, message, random)
	return plain(changed), !bytes.Equal(changed, message)
}

// change returns the changed message, for the kinds that turn one message into one message.
func change(k Kind, message []byte, random *rand.Rand) []byte {
	if k == Flip {
		return flip(message, 0, len(message), random)
	}
	p, body := protocolOf(message)
	length := len(body)
	if length == 0 {
		return message
	}
	switch k {
	case RandomBytes:
		return randomBody(message, random)
	case Truncate:
		cut := random.IntN(length)
		return withLength(message[:headerSize+cut], cut)
	case LengthLonger:
		return withLength(message, length+1+random.IntN(2*length))
	case LengthShorter:
		return withLength(message, random.IntN(length))
	case FlipHeader:
		return flip(message, headerSize, headerSize+min(length, p.headerSize()), random)
	case WrongMID, WrongTID, WrongUID, WrongFID, WrongSignature, WrongCommand, WrongStatus, InnerLength:
		return changeSMB(k, message, random)
	}
	return message
}

// changeSMB changes a field of an SMB message, or the whole body of another message.
func changeSMB(k Kind, message []byte, random *rand.Rand) []byte {
	changed := slices.Clone(message)
	p, body := protocolOf(changed)
	if p == notSMB {
		return randomBody(message, random)
	}
	if k == InnerLength {
		fields := lengths(p, body)
		if len(fields) == 0 { // a bare header
			return message
		}
		f := fields[random.IntN(len(fields))]
		f.set(body, lie(f, f.number(body), len(body), random))
		return changed
	}
	f, ok := headerField(k, p, body)
	switch {
	case !ok:
	case k == WrongStatus:
		f.set(body, other(statuses(), f.number(body), random))
	case k == WrongCommand:
		f.set(body, other(commands(p), f.number(body), random))
	default:
		scramble(f.in(body), random)
	}
	return changed
}

func truncateSMB(message []byte, random *rand.Rand) (delivery, bool) {
	length := len(message) - headerSize
	if length == 0 {
		return plain(message), false
	}
	d := plain(message[:headerSize+random.IntN(length)])
	d.then = closes
	if random.IntN(2) == 0 {
		d.then = hangs
	}
	return d, true
}

// flip flips one to eight different bits of the bytes from start to end.
func flip(message []byte, start, end int, random *rand.Rand) []byte {
	changed := slices.Clone(message)
	var flipped []int
	for range 1 + random.IntN(8) {
		bit := 8*start + random.IntN(8*(end-start))
		if !slices.Contains(flipped, bit) {
			flipped = append(flipped, bit)
			changed[bit/8] ^= 1 << (bit % 8)
		}
	}
	return changed
}

func randomBody(message []byte, random *rand.Rand) []byte {
	return append(slices.Clone(message[:headerSize]), noise(len(message)-headerSize, random)...)
}

// noise returns n random bytes.
func noise(n int, random *rand.Rand) []byte {
	var b []byte
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, random.Uint64())
	}
	return b[:n]
}

// statuses are NT statuses of many kinds: success, warnings, an interim answer, errors of logins,
// shares, files, pipes and sessions, and an invalid one.
func statuses() []uint32 {
	return []uint32{
		0, 0x00000103, 0x80000005, 0x80000006, 0x00010002, 0xC0000008, 0xC000000D, 0xC0000011, 0xC0000016, 0xC0000022,
		0xC0000034, 0xC000003A, 0xC0000043, 0xC000006D, 0xC000009A, 0xC00000B0, 0xC00000BB, 0xC00000C9, 0xC00000CC,
		0xC00000D0, 0xC0000102, 0xC000014B, 0xC0000203, 0xC0000205, 0xFFFFFFFF,
	}
}

// commands are those of a client that reads files and pipes, and an invalid one.
func commands(p protocol) []uint32 {
	if p == smb1 {
		return []uint32{0x04, 0x25, 0x2E, 0x2F, 0x32, 0x71, 0x72, 0x73, 0x74, 0x75, 0xA2, 0xFF}
	}
	return []uint32{0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 16, 18, 0x7777}
}

// other returns one of the values that differs from v.
func other(values []uint32, than uint32, random *rand.Rand) uint32 {
	values = slices.DeleteFunc(values, func(n uint32) bool { return n == than })
	return values[random.IntN(len(values))]
}
