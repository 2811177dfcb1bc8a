package smb1

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// message is an answer: the header, and the message from its first byte on.
type message struct {
	header
	raw []byte
}

// block is one command's part of a message. offset is where it starts.
type block struct {
	words  []byte
	bytes  []byte
	offset int // of bytes, from the header's start
}

// block reads the block at an offset from the header's start. A ByteCount that
// says more than is there is an error; excess bytes behind it are not, NT
// sends them.
func (m *message) block(at int) (block, error) {
	if at < headerSize || at >= len(m.raw) {
		return block{}, fmt.Errorf("%w: block at offset %d of %d", smb.ErrProtocol, at, len(m.raw))
	}
	rest := m.raw[at+1:]
	n := 2 * int(m.raw[at])
	if len(rest) < n+2 {
		return block{}, fmt.Errorf("%w: %d words in %d bytes", smb.ErrProtocol, n/2, len(rest))
	}
	words, rest := rest[:n], rest[n:]
	count := int(binary.LittleEndian.Uint16(rest))
	rest = rest[2:]
	if len(rest) < count {
		return block{}, fmt.Errorf("%w: ByteCount %d with %d bytes left", smb.ErrProtocol, count, len(rest))
	}
	return block{words: words, bytes: rest[:count], offset: at + 1 + n + 2}, nil
}

// first reads the first block and wants a number of words, or one of several.
func (m *message) first(words ...int) (block, error) {
	b, err := m.block(headerSize)
	if err != nil {
		return b, err
	}
	for _, n := range words {
		if len(b.words) == 2*n {
			return b, nil
		}
	}
	return b, fmt.Errorf("%w: WordCount %d, expected %d", smb.ErrProtocol, len(b.words)/2, words)
}

// andX returns the command that follows in the chain and where its block is.
func (b block) andX() (command byte, at int) {
	return b.words[0], int(binary.LittleEndian.Uint16(b.words[2:]))
}

func (b block) u16(at int) uint16 { return binary.LittleEndian.Uint16(b.words[at:]) }
func (b block) u32(at int) uint32 { return binary.LittleEndian.Uint32(b.words[at:]) }
func (b block) u64(at int) uint64 { return binary.LittleEndian.Uint64(b.words[at:]) }

// data returns count bytes of the message at an offset from the header's start,
// which must lie in the block's bytes.
func (m *message) data(b block, at, count int) ([]byte, error) {
	if count == 0 {
		return nil, nil
	}
	if at < b.offset || at+count > b.offset+len(b.bytes) {
		return nil, fmt.Errorf("%w: data at %d+%d outside of the bytes at %d+%d", smb.ErrProtocol, at, count, b.offset, len(b.bytes))
	}
	return m.raw[at : at+count], nil
}
