package srvsvc

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// clock is an answer to NetrRemoteTOD: 24 June 1998, 10:30:15 UTC, an hour after the start.
func clock(hundreds, zone, code int) []byte {
	return rpctest.Stub(0x20000, 898684215, 3600_000, 10, 30, 15, hundreds, zone, 310, 24, 6, 1998, 3, code)
}

func pacific() []byte { return clock(25, 480, 0) }

func TestTimeOfDay(t *testing.T) {
	at := time.Date(1998, 6, 24, 10, 30, 15, 0, time.UTC)
	quarter := at.Add(250 * time.Millisecond)
	for _, test := range []struct {
		name   string
		answer []byte
		want   TimeOfDay
		err    error
	}{
		{"Pacific", pacific(), TimeOfDay{quarter, time.Hour}, nil},
		{"east", clock(0, -120, 0), TimeOfDay{at, time.Hour}, nil},
		{"zone not known", clock(0, -1, 0), TimeOfDay{at, time.Hour}, nil},
		{"UTC", clock(0, 0, 0), TimeOfDay{at, time.Hour}, nil},
		{"49 days", rpctest.Stub(1, 898684215, -1, 10, 30, 15, 0, 0, 310, 24, 6, 1998, 3, 0), TimeOfDay{at, 4294967295 * time.Millisecond}, nil},
		{"denied", rpctest.Stub(0, 5), TimeOfDay{}, msrpc.ErrorAccessDenied},
		{"denied with a time", clock(25, 480, 5), TimeOfDay{}, msrpc.ErrorAccessDenied},
		{"success and nothing", rpctest.Stub(0, 0), TimeOfDay{}, smb.ErrProtocol},
		{"more than a second", clock(100, 480, 0), TimeOfDay{}, smb.ErrProtocol},
		{"a zone of two days", clock(0, 2880, 0), TimeOfDay{}, smb.ErrProtocol},
		{"a zone of two days east", clock(0, -2880, 0), TimeOfDay{}, smb.ErrProtocol},
		{"short", rpctest.Stub(1, 2, 3), TimeOfDay{}, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, s := openScript(t, test.answer)
			got, err := conn.TimeOfDay(t.Context())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.err) || len(s.Calls) != 1 {
				t.Errorf("%v in %d calls, expected %v", err, len(s.Calls), test.err)
			}
		})
	}
}

func soundClock(stub []byte) bool {
	_, _, ok := parseClock(stub)
	return ok
}

func TestClockCut(t *testing.T) {
	rpctest.CheckCut(t, "Pacific", pacific(), soundClock)
	rpctest.CheckCut(t, "denied", rpctest.Stub(0, 5), soundClock)
}

func FuzzClock(f *testing.F) {
	f.Add(pacific())
	f.Add(clock(0, -1, 0))
	f.Add(rpctest.Stub(0, 5))
	f.Fuzz(func(t *testing.T, answer []byte) {
		clock, code, ok := parseClock(answer)
		if (!ok || code != 0) && clock != (TimeOfDay{}) {
			t.Fatalf("%+v, %d, %v", clock, code, ok)
		}
	})
}
