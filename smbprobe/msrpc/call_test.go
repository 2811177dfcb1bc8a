package msrpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// bind returns a connection whose calls get these answers.
func bind(t testing.TB, answers ...[]byte) (*Conn, *script) {
	t.Helper()
	pipe := &script{answers: append([][]byte{bindAck(t)}, answers...)}
	conn, err := Bind(t.Context(), pipe, eventlogInterface())
	if err != nil {
		t.Fatal(err)
	}
	return conn, pipe
}

func TestCall(t *testing.T) {
	const limit = 9000
	big := bytes.Repeat([]byte("0123456789abcdef"), 500) // 8000 bytes
	fragment := func(flags uint8, hint uint32, stub []byte) []byte { return pdu(typeResponse, flags, 2, hint, stub) }
	otherContext := fragment(both, 4, big[:4])
	otherContext[20] = 1
	for _, test := range []struct {
		name    string
		answers [][]byte
		want    []byte
		err     error
	}{
		{"one fragment", [][]byte{fragment(both, 4, big[:4])}, big[:4], nil},
		{"no hint", [][]byte{fragment(both, 0, big[:4])}, big[:4], nil},
		{"hint of more", [][]byte{fragment(both, 8, big[:4])}, big[:4], nil},
		{"nothing in it", [][]byte{fragment(both, 0, nil)}, nil, nil},
		{"two fragments", [][]byte{fragment(1, 8000, big[:4256]), fragment(2, 3744, big[4256:])}, big, nil},
		{"three fragments", [][]byte{fragment(1, 8000, big[:4000]), fragment(0, 4000, big[4000:4001]), fragment(2, 3999, big[4001:])}, big, nil},
		{"the same hint everywhere", [][]byte{fragment(1, 8000, big[:4000]), fragment(2, 8000, big[4000:])}, big, nil},
		{"second starts again", [][]byte{fragment(1, 0, big[:4]), fragment(both, 0, big[:4])}, nil, smb.ErrProtocol},
		{"does not begin", [][]byte{fragment(2, 0, big[:4])}, nil, smb.ErrProtocol},
		{"ends early", [][]byte{fragment(1, 0, big[:4])}, nil, errScriptEnded},
		{"empty fragment", [][]byte{fragment(1, 0, nil)}, nil, smb.ErrProtocol},
		{"hint too small", [][]byte{fragment(both, 3, big[:4])}, nil, smb.ErrProtocol},
		{"hint beyond the limit", [][]byte{fragment(1, limit+1, big[:4])}, nil, smb.ErrProtocol},
		{"hint that grows", [][]byte{fragment(1, 10, big[:4]), fragment(2, 11, big[:4])}, nil, smb.ErrProtocol},
		{"more than the limit", [][]byte{fragment(1, 0, big[:4200]), fragment(0, 0, big[:4200]), fragment(2, 0, big[:601])}, nil, smb.ErrProtocol},
		{"longer than a fragment", [][]byte{fragment(both, 0, big[:4257])}, nil, smb.ErrProtocol},
		{"another call", [][]byte{pdu(typeResponse, both, 1, 0, big[:4])}, nil, smb.ErrProtocol},
		{"another context", [][]byte{otherContext}, nil, smb.ErrProtocol},
		{"fault", [][]byte{pdu(typeFault, both|0x20, 2, 32, []byte{2, 0, 1, 0x1C, 0, 0, 0, 0})}, nil, Fault{0x1C010002}},
		{"fault in the middle", [][]byte{fragment(1, 0, big[:4]), pdu(typeFault, both, 2, 32, []byte{5, 0, 0, 0, 0, 0, 0, 0})}, nil, Fault{5}},
		{"fault cut", [][]byte{pdu(typeFault, both, 2, 0, []byte{2, 0, 1})}, nil, smb.ErrProtocol},
		{"bind_ack", [][]byte{pdu(typeBindAck, both, 2, 0, big[:4])}, nil, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, pipe := bind(t, test.answers...)
			got, err := conn.Call(t.Context(), "Proc", 10, []byte{1, 2, 3, 4}, limit)
			if !errors.Is(err, test.err) || !bytes.Equal(got, test.want) {
				t.Fatalf("%d bytes, %v; want %d, %v", len(got), err, len(test.want), test.err)
			}
			if err == nil {
				return
			}
			if _, ok := errors.AsType[*smb.Error](err); !ok {
				t.Errorf("%v has no *smb.Error in it", err)
			}
			sent := len(pipe.sent)
			if _, again := conn.Call(t.Context(), "Proc", 10, nil, limit); !errors.Is(again, test.err) || len(pipe.sent) != sent {
				t.Errorf("a call after the error: %v, %d requests sent", again, len(pipe.sent)-sent)
			}
		})
	}
}

// TestAnnouncedFragments: what the server announces in its bind_ack is the longest
// fragment that it may send.
func TestAnnouncedFragments(t *testing.T) {
	for _, test := range []struct {
		name      string
		announced uint16
		size      int // of the first fragment
		want      error
	}{
		{"as long as announced by Windows NT 4.0", 5680, 5680, nil},
		{"shorter, as we offered", 5680, 4280, nil},
		{"one byte more", 5680, 5681, smb.ErrProtocol},
		{"as long as announced by Windows 2000", 4280, 4280, nil},
		{"longer than announced, though within our offer", 2048, 2049, smb.ErrProtocol},
		{"the longest", 65535, 65535, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ack := bindAck(t)
			binary.LittleEndian.PutUint16(ack[16:], test.announced)
			stub := make([]byte, test.size-responseHeaderSize)
			whole := append(bytes.Clone(stub), "end"...)
			for name, pipe := range map[string]*script{
				"in one piece": {answers: [][]byte{ack, pdu(typeResponse, flagFirst, 2, 0, stub), pdu(typeResponse, flagLast, 2, 0, []byte("end"))}},
				"in parts": {answers: slices.Concat([][]byte{ack},
					slices.Collect(slices.Chunk(pdu(typeResponse, flagFirst, 2, 0, stub), 2000)), [][]byte{pdu(typeResponse, flagLast, 2, 0, []byte("end"))})},
			} {
				conn, err := Bind(t.Context(), pipe, eventlogInterface())
				if err != nil {
					t.Fatal(err)
				}
				got, err := conn.Call(t.Context(), "Proc", 10, nil, 70_000)
				if !errors.Is(err, test.want) || err == nil && !bytes.Equal(got, whole) {
					t.Errorf("%s: %d bytes, %v; want %d, %v", name, len(got), err, len(whole), test.want)
				}
			}
		})
	}
}

// TestFragmentInParts: a read may return less than a fragment.
func TestFragmentInParts(t *testing.T) {
	stub := bytes.Repeat([]byte("0123456789"), 400)
	whole := pdu(typeResponse, both, 2, 0, stub)
	for _, test := range []struct {
		name  string
		parts [][]byte
		want  error
	}{
		{"two parts", [][]byte{whole[:4000], whole[4000:]}, nil},
		{"the header in parts", [][]byte{whole[:1], whole[1:9], whole[9:15], whole[15:17], whole[17:]}, nil},
		{"nothing", [][]byte{{}, whole}, smb.ErrProtocol},
		{"nothing after the first part", [][]byte{whole[:4000], {}}, smb.ErrProtocol},
		{"more than the rest", [][]byte{whole[:4000], append(bytes.Clone(whole[4000:]), 0)}, smb.ErrProtocol},
		{"a shorter message instead of the rest", [][]byte{whole[:3900], pdu(typeResponse, both, 2, 0, nil)}, errScriptEnded},
		{"a byte at a time", slices.Collect(slices.Chunk(whole, 1)), smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, _ := bind(t, test.parts...)
			got, err := conn.Call(t.Context(), "Proc", 10, nil, 9000)
			if !errors.Is(err, test.want) || err == nil && !bytes.Equal(got, stub) {
				t.Errorf("%d bytes, %v; want %v", len(got), err, test.want)
			}
		})
	}
	pipe := &script{answers: slices.Collect(slices.Chunk(bindAck(t), 20))}
	if _, err := Bind(t.Context(), pipe, eventlogInterface()); err != nil {
		t.Errorf("a bind_ack in parts: %v", err)
	}
}

// TestTinyFragments: a server cannot make us read an answer byte by byte.
func TestTinyFragments(t *testing.T) {
	const limit = 6400
	answers := [][]byte{pdu(typeResponse, flagFirst, 2, 0, []byte("x"))}
	for range limit {
		answers = append(answers, pdu(typeResponse, 0, 2, 0, []byte("x")))
	}
	conn, pipe := bind(t, answers...)
	_, err := conn.Call(t.Context(), "Proc", 10, nil, limit)
	if read := len(answers) - len(pipe.answers); !errors.Is(err, smb.ErrProtocol) || read > maxFragments(limit)+1 {
		t.Errorf("%v after %d fragments", err, read)
	}
}

func TestRequest(t *testing.T) {
	conn, pipe := bind(t, pdu(typeResponse, both, 2, 0, nil), pdu(typeResponse, both, 3, 0, nil))
	for _, stub := range [][]byte{{1, 2, 3, 4}, make([]byte, maxFragment-requestHeaderSize)} {
		if _, err := conn.Call(t.Context(), "Proc", 0x0102, stub, 10); err != nil {
			t.Fatal(err)
		}
	}
	want := fromHex(t, "0500000310000000"+"1c00000002000000"+"0400000000000201"+"01020304")
	if diff := cmp.Diff(want, pipe.sent[1]); diff != "" {
		t.Errorf("request (-want +sent):\n%s", diff)
	}
	if _, err := conn.Call(t.Context(), "Proc", 1, make([]byte, maxFragment-requestHeaderSize+1), 10); err == nil || len(pipe.sent) != 3 {
		t.Errorf("a request that fits no fragment: %v, %d requests sent", err, len(pipe.sent))
	}
}

func TestPipeErrorKeepsItsStatus(t *testing.T) {
	conn, _ := bind(t)
	conn.pipe = &brokenPipe{}
	_, err := conn.Call(t.Context(), "Proc", 1, nil, 10)
	if smb.StatusOf(err) != smb.StatusPipeBroken {
		t.Errorf("%v has lost its status", err)
	}
}

type brokenPipe struct{ script }

func (*brokenPipe) Transact(context.Context, []byte, int) ([]byte, error) {
	return nil, &smb.Error{Op: "transact", Status: smb.StatusPipeBroken}
}

// FuzzAnswer puts an answer together from any messages: split says how long
// each of them is.
func FuzzAnswer(f *testing.F) {
	f.Add(pdu(typeResponse, both, 2, 4, []byte("four")), uint16(0))
	f.Add(pdu(typeFault, both, 2, 32, make([]byte, 8)), uint16(0))
	f.Add(append(pdu(typeResponse, flagFirst, 2, 8, []byte("four")), pdu(typeResponse, flagLast, 2, 4, []byte("more"))...), uint16(28))
	f.Add(pdu(typeResponse, both, 2, 1<<31, []byte("four")), uint16(0))
	f.Add(pdu(typeResponse, flagFirst, 2, 8, []byte("four"))[:20], uint16(10))
	f.Fuzz(func(t *testing.T, b []byte, split uint16) {
		const limit = 1000
		a := answer{callID: 2, limit: limit}
		var stubs int
		for len(b) > 0 {
			n := len(b)
			if split > 0 {
				n = min(n, int(split))
			}
			last, err := a.add(b[:n])
			if err != nil {
				return
			}
			if size := int(binary.LittleEndian.Uint16(b[8:])); size != n {
				t.Fatalf("a message of %d bytes taken for a fragment of %d", n, size)
			}
			stubs += n - responseHeaderSize
			if len(a.stub) != stubs || cap(a.stub) > 2*limit {
				t.Fatalf("%d bytes (room for %d) of %d", len(a.stub), cap(a.stub), stubs)
			}
			if last {
				return
			}
			b = b[n:]
		}
	})
}
