package msrpc

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// aheadPipe answers one call with fragments, and hands those that are read together
// over in an order of its own.
type aheadPipe struct {
	smb.Pipe
	fragments [][]byte
	order     func([][]byte)
	together  int // how many were read together
	single    int // how many were read one by one
}

func (p *aheadPipe) take(n int) [][]byte {
	taken := slices.Clone(p.fragments[:n])
	p.fragments = p.fragments[n:]
	return taken
}

func (p *aheadPipe) Transact(context.Context, []byte, int) ([]byte, error) { return p.take(1)[0], nil }

func (p *aheadPipe) Read(context.Context, int) ([]byte, error) {
	p.single++
	return p.take(1)[0], nil
}

func (p *aheadPipe) ReadMessages(_ context.Context, n, _ int) ([][]byte, error) {
	if n > len(p.fragments) {
		return nil, errors.New("a read of a message that does not come")
	}
	p.together += n
	taken := p.take(n)
	if p.order != nil {
		p.order(taken)
	}
	return taken, nil
}

// responses cuts a stub into fragments; hint changes each alloc_hint.
func responses(stub string, size int, hint func(left int) int) [][]byte {
	var all [][]byte
	for begin := 0; begin < len(stub); begin += size {
		part := stub[begin:min(begin+size, len(stub))]
		flags := byte(0)
		if begin == 0 {
			flags |= flagFirst
		}
		if begin+size >= len(stub) {
			flags |= flagLast
		}
		b := []byte{5, 0, typeResponse, flags, 0x10, 0, 0, 0}
		b = binary.LittleEndian.AppendUint16(b, uint16(responseHeaderSize+len(part)))
		b = binary.LittleEndian.AppendUint16(b, 0)
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, uint32(hint(len(stub)-begin)))
		b = append(b, 0, 0, 0, 0)
		all = append(all, append(b, part...))
	}
	return all
}

func TestFragmentsReadTogether(t *testing.T) {
	const size = 100 // the largest stub part that was agreed
	truthful := func(left int) int { return left }
	stub := strings.Repeat("0123456789", 95)
	swap := func(m [][]byte) { m[1], m[4] = m[4], m[1] }
	for _, test := range []struct {
		name      string
		fragments [][]byte
		order     func([][]byte)
		together  int
		single    int
		err       error
	}{
		{"in order", responses(stub, size, truthful), nil, 9, 0, nil},
		{"in another order", responses(stub, size, truthful), slices.Reverse[[][]byte], 9, 0, nil},
		{"two changed places", responses(stub, size, truthful), swap, 9, 0, nil},
		{"smaller fragments than agreed: the rest one by one", responses(stub, 50, truthful), nil, 15, 3, nil},
		{"no alloc_hint", responses(stub, size, func(int) int { return 0 }), nil, 0, 9, nil},
		{"alloc_hint is the whole each time", responses(stub, size, func(int) int { return len(stub) }), nil, 0, 0, ErrUnordered},
		{"two fragments alone", responses(stub[:150], size, truthful), nil, 0, 1, nil},
		{"one fragment", responses(stub[:50], size, truthful), nil, 0, 0, nil},
		{"the last one in the middle", func() [][]byte {
			f := responses(stub, size, truthful)
			f[3][3] |= flagLast
			return f
		}(), nil, 9, 0, smb.ErrProtocol},
		{"one of them twice", func() [][]byte {
			f := responses(stub, size, truthful)
			f[3] = f[2]
			return f
		}(), nil, 9, 0, smb.ErrProtocol},
		{"parts of fragments", func() [][]byte {
			f := responses(stub, size, truthful)
			return slices.Concat(f[:3], [][]byte{f[3][:60], f[3][60:]}, f[4:])
		}(), nil, 9, 0, ErrUnordered},
		{"one that is no response", func() [][]byte {
			f := responses(stub, size, truthful)
			f[3] = f[3][:7]
			return f
		}(), nil, 9, 0, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := 0
			for _, f := range test.fragments {
				whole += max(0, len(f)-responseHeaderSize)
			}
			p := &aheadPipe{fragments: test.fragments, order: test.order}
			c := &Conn{pipe: p, name: "test", agreed: bound{request: 4280, answer: responseHeaderSize + size}}
			got, err := c.Call(t.Context(), "Test", 0, nil, 2000)
			switch {
			case !errors.Is(err, test.err):
				t.Fatalf("%v, expected %v", err, test.err)
			case err == nil && string(got) != stub[:whole]:
				t.Errorf("%q", got)
			case err == nil && (p.together != test.together || p.single != test.single):
				t.Errorf("%d fragments read together, %d one by one; expected %d and %d", p.together, p.single, test.together, test.single)
			}
		})
	}
}
