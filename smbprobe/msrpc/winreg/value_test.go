package winreg

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// value is an answer to BaseRegQueryValue as Windows gives it with success.
func value(kind int, data []byte) []byte {
	n := len(data)
	padding := make([]byte, -n&3)
	return rpctest.Stub(1, kind, 2, n, 0, n, data, padding, 3, n, 4, n, 0)
}

// noValue is such an answer without success: the room for the data is there, and
// nothing in it.
func noValue(kind, needed, code int) []byte {
	return rpctest.Stub(1, kind, 2, needed, 0, 0, 3, needed, 4, 0, code)
}

// got is what a read of a value said.
type got struct {
	Value any
	Set   bool
}

// reader is one of the ways to read a value.
type reader func(ctx context.Context, k *Key, name string) (got, error)

func number(ctx context.Context, k *Key, name string) (got, error) {
	v, set, err := k.Number(ctx, name)
	return got{v, set}, err
}

func text(ctx context.Context, k *Key, name string) (got, error) {
	v, set, err := k.Text(ctx, name)
	return got{v, set}, err
}

func texts(ctx context.Context, k *Key, name string) (got, error) {
	v, set, err := k.Texts(ctx, name)
	return got{v, set}, err
}

func TestValues(t *testing.T) {
	const unset = 0
	long := strings.Repeat("ä", 1024)
	for _, test := range []struct {
		name   string
		read   reader
		answer []byte
		want   got
		err    error
	}{
		{"number", number, value(4, rpctest.Stub(0x80000)), got{uint32(0x80000), true}, nil},
		{"number 0", number, value(4, rpctest.Stub(0)), got{uint32(0), true}, nil},
		{"no number", number, noValue(0, 4, 2), got{uint32(unset), false}, nil},
		{"no number, all pointers null", number, rpctest.Stub(0, 0, 0, 0, 2), got{uint32(unset), false}, nil},
		{"number denied", number, noValue(0, 4, 5), got{uint32(unset), false}, msrpc.ErrorAccessDenied},
		{"number, big-endian", number, value(5, rpctest.Stub(1)), got{uint32(unset), false}, ErrType},
		{"number of two bytes", number, value(4, []byte{1, 0}), got{uint32(unset), false}, ErrType},
		{"number that is text", number, value(1, rpctest.Stub("1\x00")), got{uint32(unset), false}, ErrType},
		{"number that is longer text", number, noValue(1, 20, 234), got{uint32(unset), false}, ErrType},
		{"number that is too long", number, noValue(4, 8, 234), got{uint32(unset), false}, msrpc.ErrorMoreData},
		{"more data than there is", number, noValue(4, 4, 234), got{uint32(unset), false}, smb.ErrProtocol},
		{"number of five bytes with success", number, value(4, make([]byte, 5)), got{uint32(unset), false}, smb.ErrProtocol},
		{"success and nothing", number, rpctest.Stub(0, 0, 0, 0, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"success and no data", number, rpctest.Stub(1, 4, 0, 3, 4, 4, 4, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"success and no type", number, rpctest.Stub(0, 2, 4, 0, 4, 7, 3, 4, 4, 4, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"data, and another size needed", number, rpctest.Stub(1, 4, 2, 4, 0, 4, 7, 3, 8, 4, 4, 0), got{uint32(7), true}, nil},
		{"data, and no size needed", number, rpctest.Stub(1, 4, 2, 4, 0, 4, 7, 0, 4, 4, 0), got{uint32(7), true}, nil},
		{"data without a length", number, rpctest.Stub(1, 4, 2, 4, 0, 4, 7, 3, 4, 0, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"data of another length", number, rpctest.Stub(1, 4, 2, 4, 0, 4, 7, 3, 4, 4, 2, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"data over its room", number, rpctest.Stub(1, 4, 2, 2, 0, 4, 7, 3, 4, 4, 4, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"data with an offset", number, rpctest.Stub(1, 4, 2, 8, 4, 4, 7, 3, 4, 4, 4, 0), got{uint32(unset), false}, smb.ErrProtocol},
		{"data of 4 GiB", number, rpctest.Stub(1, 4, 2, -1, 0, -1, 7, 3, 4, 4, 4, 0), got{uint32(unset), false}, smb.ErrProtocol},

		{"text", text, value(1, rpctest.Stub("Service Pack 6\x00")), got{"Service Pack 6", true}, nil},
		{"text, and the size that was asked for", text, rpctest.Stub(1, 1, 2, 2048, 0, 4, "1\x00", 3, 2048, 4, 4, 0), got{"1", true}, nil},
		{"text without NUL", text, value(1, rpctest.Stub("WinNT")), got{"WinNT", true}, nil},
		{"text with something behind it", text, value(1, rpctest.Stub("a\x00b\x00")), got{"a", true}, nil},
		{"text that is not expanded", text, value(2, rpctest.Stub("%SystemRoot%\x00")), got{"%SystemRoot%", true}, nil},
		{"empty text", text, value(1, nil), got{"", true}, nil},
		{"hostile text", text, value(1, rpctest.Stub("a\x1b[31m", uint16(0xD800))), got{"a\uFFFD[31m\uFFFD", true}, nil},
		{"long text", text, value(1, rpctest.Stub(long)), got{long[:2*smb.MaxText], true}, nil},
		{"too long text", text, noValue(1, 4000, 234), got{"", false}, msrpc.ErrorMoreData},
		{"text of three bytes", text, value(1, []byte{65, 0, 66}), got{"", false}, ErrType},
		{"text that is a number", text, value(4, rpctest.Stub(1)), got{"", false}, ErrType},
		{"no text", text, noValue(0, 2048, 2), got{"", false}, nil},

		{"texts", texts, value(7, rpctest.Stub("Small Business\x00Terminal Server\x00\x00")), got{[]string{"Small Business", "Terminal Server"}, true}, nil},
		{"texts without an end", texts, value(7, rpctest.Stub("a\x00b")), got{[]string{"a", "b"}, true}, nil},
		{"texts behind an empty one", texts, value(7, rpctest.Stub("a\x00\x00b\x00\x00")), got{[]string{"a"}, true}, nil},
		{"no text among texts", texts, value(7, rpctest.Stub("\x00")), got{[]string(nil), true}, nil},
		{"texts that are one", texts, value(1, rpctest.Stub("a\x00")), got{[]string(nil), false}, ErrType},
		{"no texts", texts, noValue(0, 2048, 2), got{[]string(nil), false}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			key, s := openScript(t, test.answer)
			have, err := test.read(t.Context(), key, "x")
			if diff := cmp.Diff(test.want, have); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_, isSMB := errors.AsType[*smb.Error](err)
			if !errors.Is(err, test.err) || (err != nil) != isSMB {
				t.Errorf("%v, expected %v", err, test.err)
			}
			if len(s.Calls) != 3 {
				t.Errorf("%d calls, expected one", len(s.Calls)-2)
			}
		})
	}
}

func TestQueryCut(t *testing.T) {
	for name, answer := range map[string][]byte{
		"number":    value(4, rpctest.Stub(7)),
		"text":      value(1, rpctest.Stub("Service Pack 6\x00")),
		"no value":  noValue(0, 2048, 2),
		"more data": noValue(1, 4000, 234),
	} {
		rpctest.CheckCut(t, name, answer, func(stub []byte) bool {
			_, ok := parseQuery(stub, maxValue)
			return ok
		})
	}
}

func FuzzQueryValue(f *testing.F) {
	f.Add(value(4, rpctest.Stub(7)))
	f.Add(value(1, rpctest.Stub("Service Pack 6\x00")))
	f.Add(value(7, rpctest.Stub("a\x00b\x00\x00")))
	f.Add(noValue(1, 4000, 234))
	f.Add(rpctest.Stub(0, 0, 0, 0, 2))
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, read := range []reader{number, text, texts} {
			if len(answer) > 4000 {
				return // does not fit the fragment of the script
			}
			key, _ := openScript(t, answer)
			have, err := read(t.Context(), key, "x")
			if err != nil && have.Set {
				t.Fatalf("%v and %v", have, err)
			}
			var all []string
			switch v := have.Value.(type) {
			case string:
				all = []string{v}
			case []string:
				all = v
			}
			for _, s := range all {
				if !utf8.ValidString(s) || utf8.RuneCountInString(s) > smb.MaxText {
					t.Fatalf("text %q", s)
				}
			}
			if len(all) > maxValue/2 {
				t.Fatalf("%d texts", len(all))
			}
		}
	})
}
