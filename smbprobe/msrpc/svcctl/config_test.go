package svcctl

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// wide is a conformant and varying string with its NUL, padded.
func wide(s string) []byte {
	n := len([]rune(s)) + 1
	return rpctest.Stub(n, 0, n, s, uint16(0), make([]byte, 2*(n&1)))
}

// config is an answer to RQueryServiceConfigW with success.
func config(start int, account, display string) []byte {
	return rpctest.Stub(0x10, start, 1, 1, 2, 0, 3, 4, 5,
		wide(`C:\exchsrvr\connect\msexcimc\bin\msexcimc.exe`), wide(""), wide("RpcSs/"), wide(account), wide(display),
		4096, 0)
}

func localSystem() []byte {
	return config(2, "LocalSystem", "Microsoft Exchange Internet Mail Service")
}

func automatic() Config { return Config{Start: StartAutomatic, Account: "LocalSystem"} }

// tooSmall is the answer of a server whose configuration does not fit.
func tooSmall(needed int) []byte { return rpctest.Stub(0, 0, 0, 0, 0, 0, 0, 0, 0, needed, 122) }

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers [][]byte
		want    Config
		err     error
	}{
		{"automatic", [][]byte{localSystem()}, automatic(), nil},
		{"disabled", [][]byte{config(4, `.\imsuser`, "Grüße")}, Config{Start: StartDisabled, Account: `.\imsuser`}, nil},
		{"boot", [][]byte{config(0, "", "")}, Config{}, nil},
		{"all pointers null", [][]byte{rpctest.Stub(1, 3, 1, 0, 0, 0, 0, 0, 0, 4096, 0)}, Config{Start: StartManual}, nil},
		{"long", [][]byte{config(2, strings.Repeat("x", 400), "b\x00c")}, Config{Start: StartAutomatic, Account: strings.Repeat("x", smb.MaxText)}, nil},
		{"once more", [][]byte{tooSmall(5000), localSystem()}, automatic(), nil},
		{"as much as may be", [][]byte{tooSmall(8192), localSystem()}, automatic(), nil},
		{"too much", [][]byte{tooSmall(8193)}, Config{}, smb.ErrProtocol},
		{"not more than before", [][]byte{tooSmall(4096)}, Config{}, smb.ErrProtocol},
		{"never enough", [][]byte{tooSmall(5000), tooSmall(6000)}, Config{}, msrpc.ErrorInsufficientBuffer},
		{"denied", [][]byte{rpctest.Stub(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5)}, Config{}, msrpc.ErrorAccessDenied},
		{"a start that there is not", [][]byte{config(5, "", "")}, Config{}, smb.ErrProtocol},
		{"a string with an offset", [][]byte{rpctest.Stub(1, 3, 1, 1, 0, 0, 0, 0, 0, 2, 1, 1, 0, 4096, 0)}, Config{}, smb.ErrProtocol},
		{"a string of 8 GiB", [][]byte{rpctest.Stub(1, 3, 1, 1, 0, 0, 0, 0, 0, -1, 0, -1, 0, 4096, 0)}, Config{}, smb.ErrProtocol},
		{"a string that is not there", [][]byte{rpctest.Stub(1, 3, 1, 1, 0, 0, 0, 0, 0, 4096, 0)}, Config{}, smb.ErrProtocol},
		{"short", [][]byte{rpctest.Stub(1, 3, 1)}, Config{}, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			service, s := openScript(t, test.answers...)
			got, err := service.Config(t.Context())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.err) || len(s.Calls) != 2+len(test.answers) {
				t.Errorf("%v in %d calls, expected %v in %d", err, len(s.Calls)-2, test.err, len(test.answers))
			}
		})
	}
}

// TestConfigAsksForMore: the second request names the size that the server asked for.
func TestConfigAsksForMore(t *testing.T) {
	service, s := openScript(t, tooSmall(5001), localSystem())
	if _, err := service.Config(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := rpctest.Handle()
	want := []rpctest.Call{{Opnum: 17, Stub: rpctest.Stub(h[:], 4096)}, {Opnum: 17, Stub: rpctest.Stub(h[:], 5001)}}
	if diff := cmp.Diff(want, s.Calls[2:]); diff != "" {
		t.Errorf("calls (-want +sent):\n%s", diff)
	}
}

func soundConfig(stub []byte) bool {
	_, ok := parseConfig(stub)
	return ok
}

func TestConfigCut(t *testing.T) {
	rpctest.CheckCut(t, "success", localSystem(), soundConfig)
	rpctest.CheckCut(t, "too small", tooSmall(5000), soundConfig)
}

func FuzzConfig(f *testing.F) {
	f.Add(localSystem())
	f.Add(tooSmall(5000))
	f.Add(config(5, "LocalSystem", "x"))
	f.Add(rpctest.Stub(1, 3, 1, 0, 0, 0, 0, 0, 0, 4096, 0))
	f.Fuzz(func(t *testing.T, answer []byte) {
		a, ok := parseConfig(answer)
		if a.config.Start > StartDisabled || (!ok || a.code != 0) && a.config != (Config{}) {
			t.Fatalf("%+v, %v", a, ok)
		}
	})
}
