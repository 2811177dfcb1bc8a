package winreg

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// keyName is an answer to BaseRegEnumKey as Windows gives it: name and an empty class.
func keyName(name string) []byte {
	n := len(name) + 1
	padding := make([]byte, 2*(n&1))
	return rpctest.Stub(
		uint16(2*n), uint16(512), 0x20000, 256, 0, n, name, uint16(0), padding,
		0x20004, uint16(0), uint16(512), 0x20008, 256, 0, 0,
		0, 0)
}

// noMoreKeys is the answer behind the last key.
func noMoreKeys(code int) []byte {
	return rpctest.Stub(uint16(0), uint16(512), 0x20000, 256, 0, 0, 0, 0, code)
}

func TestSubKeys(t *testing.T) {
	for _, test := range []struct {
		name    string
		most    int
		answers [][]byte
		want    []string
		err     error
	}{
		{"none", 10, [][]byte{noMoreKeys(259)}, nil, nil},
		{"two", 10, [][]byte{keyName("1"), keyName("12"), noMoreKeys(259)}, []string{"1", "12"}, nil},
		{"as many as may be", 2, [][]byte{keyName("1"), keyName("2")}, []string{"1", "2"}, nil},
		{"none asked for", 0, nil, nil, nil},
		{"hostile", 1, [][]byte{keyName("a\nb")}, []string{"a\uFFFDb"}, nil},
		{"denied", 10, [][]byte{keyName("1"), noMoreKeys(5)}, nil, msrpc.ErrorAccessDenied},
		{"no name", 10, [][]byte{noMoreKeys(0)}, nil, smb.ErrProtocol},
		{"a time that was not asked for", 10, [][]byte{rpctest.Stub(uint16(0), uint16(0), 0, 0, 1, 0, 0, 259)}, nil, smb.ErrProtocol},
		{"a length without an array", 10, [][]byte{rpctest.Stub(uint16(4), uint16(4), 0, 0, 0, 0)}, nil, smb.ErrProtocol},
		{"an array of another length", 10, [][]byte{rpctest.Stub(uint16(4), uint16(4), 1, 2, 0, 1, "a\x00", 0, 0, 0)}, nil, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			key, s := openScript(t, test.answers...)
			names, err := key.SubKeys(t.Context(), test.most)
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.err) {
				t.Errorf("%v, expected %v", err, test.err)
			}
			for i, c := range s.Calls[2:] {
				if diff := cmp.Diff(rpctest.Call{Opnum: 9, Stub: enumStub(rpctest.Handle(), uint32(i))}, c); diff != "" {
					t.Errorf("call %d (-want +sent):\n%s", i, diff)
				}
			}
			if len(s.Calls) != 2+len(test.answers) {
				t.Errorf("%d calls, expected %d", len(s.Calls)-2, len(test.answers))
			}
		})
	}
}

func soundEnum(stub []byte) bool {
	_, _, ok := parseEnum(stub)
	return ok
}

func TestEnumCut(t *testing.T) {
	rpctest.CheckCut(t, "key", keyName("12"), soundEnum)
	rpctest.CheckCut(t, "end", noMoreKeys(259), soundEnum)
}

func FuzzEnumKey(f *testing.F) {
	f.Add(keyName("1"))
	f.Add(keyName("12"))
	f.Add(noMoreKeys(259))
	f.Fuzz(func(t *testing.T, answer []byte) {
		name, code, ok := parseEnum(answer)
		if !ok && (name != "" || code != 0) || 2*len([]rune(name)) > len(answer) {
			t.Fatalf("%q, %v, %v", name, code, ok)
		}
	})
}
