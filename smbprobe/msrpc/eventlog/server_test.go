package eventlog

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// server is a pipe in front of an event log in memory. It keeps the rules of
// Windows, or those of Samba where samba is set.
type server struct {
	records  []Record // the oldest first
	data     map[uint32]int
	spoil    map[uint32]func(record []byte) []byte // changes how a record is encoded
	samba    bool                                  // sequential reads begin at the oldest record
	pruned   bool                                  // sequential reads bring nothing
	hidden   int                                   // records that the server's count leaves out, the newest ones
	status   map[uint16]smb.Status
	fragment int // bytes of stub in an answer's fragments

	next    int // index of the record that a sequential read begins with, and one
	opened  bool
	pending [][]byte
	rounds  int
	reads   []uint32 // sizes asked for
	seeks   int
}

func newServer(records []Record) *server {
	return &server{records: records, next: len(records), fragment: 4280 - 24}
}

func (s *server) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	if len(s.pending) > 0 {
		return nil, errors.New("a request, and the answer before is not read")
	}
	if message[2] == 11 {
		s.pending = [][]byte{bindAck()}
		return s.Read(ctx, limit)
	}
	callID := binary.LittleEndian.Uint32(message[12:])
	stub := s.answer(binary.LittleEndian.Uint16(message[22:]), message[24:])
	for flags := byte(1); flags&2 == 0; {
		n := min(s.fragment, len(stub))
		if n == len(stub) {
			flags |= 2
		}
		s.pending = append(s.pending, response(flags, callID, uint32(len(stub)), stub[:n]))
		stub = stub[n:]
		flags &^= 1
	}
	return s.Read(ctx, limit)
}

func (s *server) Read(_ context.Context, limit int) ([]byte, error) {
	s.rounds++
	if len(s.pending) == 0 || len(s.pending[0]) > limit {
		return nil, errors.New("nothing to read, or too long")
	}
	message := s.pending[0]
	s.pending = s.pending[1:]
	return message, nil
}

func (s *server) Close(context.Context) error { return nil }

func (s *server) answer(opnum uint16, request []byte) []byte {
	u32 := binary.LittleEndian.AppendUint32
	status := uint32(s.status[opnum])
	var oldest uint32 = 1
	if len(s.records) > 0 {
		oldest = s.records[0].Number
	}
	switch opnum {
	case opOpen:
		return u32(append(make([]byte, 19), 1), status)
	case opClose:
		return u32(make([]byte, 20), status)
	case opNumberOfRecords:
		return u32(u32(nil, uint32(len(s.records)-s.hidden)), status)
	case opOldestRecord:
		return u32(u32(nil, oldest), status)
	}
	flags, number, size := binary.LittleEndian.Uint32(request[20:]), binary.LittleEndian.Uint32(request[24:]), binary.LittleEndian.Uint32(request[28:])
	s.reads = append(s.reads, size)
	data, needed, result := s.read(flags, int(number)-int(oldest), int(size))
	if status == 0 {
		status = uint32(result)
	}
	stub := append(u32(nil, size), data...)
	stub = append(stub, make([]byte, (int(size)+3)/4*4-len(data))...)
	return u32(u32(u32(stub, uint32(len(data))), uint32(needed)), status)
}

// read returns the records from an index downwards that fit a size.
func (s *server) read(flags uint32, index, size int) (data []byte, needed int, status smb.Status) {
	fresh := !s.opened
	s.opened = true
	switch {
	case flags == readSeek|readBackwards:
		s.seeks++
		if index < 0 || index >= len(s.records) {
			return nil, 0, smb.StatusInvalidParameter
		}
		s.next = index + 1
	case s.pruned:
		return nil, 0, smb.StatusOK
	case s.samba && fresh:
		s.next = min(1, len(s.records))
	}
	if s.next == 0 {
		return nil, 0, smb.StatusEndOfFile
	}
	for ; s.next > 0; s.next-- {
		r := s.records[s.next-1]
		one := encode(r, s.data[r.Number])
		if spoil := s.spoil[r.Number]; spoil != nil {
			one = spoil(one)
		}
		if len(data)+len(one) > size {
			if len(data) == 0 {
				return nil, len(one), smb.StatusBufferTooSmall
			}
			break
		}
		data = append(data, one...)
	}
	return data, 0, smb.StatusOK
}

// encode writes a record as Windows lays it out, with this much data.
func encode(r Record, dataLength int) []byte {
	le := binary.LittleEndian
	b := make([]byte, recordHeaderSize)
	text := func(s string) {
		for _, unit := range append(utf16.Encode([]rune(s)), 0) {
			b = le.AppendUint16(b, unit)
		}
	}
	text(r.Source)
	text(r.Computer)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	stringsAt := len(b)
	for _, s := range r.Strings {
		text(s)
	}
	dataAt := len(b)
	b = append(b, make([]byte, dataLength)...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	length := uint32(len(b) + 4)
	for at, v := range map[int]uint32{
		0: length, 4: 0x654C664C, 8: r.Number, 12: uint32(r.Generated.Unix()), 16: uint32(r.Written.Unix()), 20: r.ID,
		24: uint32(r.Type) | uint32(len(r.Strings))<<16, 28: uint32(r.Category), 36: uint32(stringsAt), 44: uint32(stringsAt),
		48: uint32(dataLength), 52: uint32(dataAt),
	} {
		le.PutUint32(b[at:], v)
	}
	return le.AppendUint32(b, length)
}

func response(flags byte, callID, hint uint32, stub []byte) []byte {
	b := []byte{5, 0, 2, flags, 0x10, 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(24+len(stub)))
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, callID)
	b = binary.LittleEndian.AppendUint32(b, hint)
	return append(append(b, 0, 0, 0, 0), stub...)
}

func bindAck() []byte {
	b := []byte{5, 0, 12, 3, 0x10, 0, 0, 0, 56, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}
	return append(b, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0)
}

// readAll opens the log of a pipe and reads it to its end.
func readAll(t testing.TB, pipe smb.Pipe) (records []Record, end End, err error) {
	t.Helper()
	log, err := Open(t.Context(), pipe, "Application")
	if err != nil {
		return nil, End{}, err
	}
	end, err = log.ReadBackwards(t.Context(), Reading{}, func(r Record) bool {
		records = append(records, r)
		return true
	})
	return records, end, err
}
