package eventlog

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb2"
)

const patience = 60 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// writeEvents puts events into a log of Samba, in their order. Samba numbers them
// itself and knows whole seconds; their ID, Type, Category, Source, Computer and
// Strings are taken as they are. No text may have a line feed in it.
func writeEvents(t testing.TB, samba *smbtest.Samba, log string, events []Record) {
	t.Helper()
	var in strings.Builder
	for _, e := range events {
		//nolint:misspell // a field of eventlogadm
		fmt.Fprintf(&in, "LEN: 0\nRS1: 1699505740\nRCN: 0\nTMG: %d\nTMW: %d\nEID: %d\nETP: %s\nECT: %d\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: %s\nSRN: %s\n",
			e.Generated.Unix(), e.Written.Unix(), e.ID, sambaType(t, e.Type), e.Category, e.Source, e.Computer)
		for _, s := range e.Strings {
			fmt.Fprintf(&in, "STR: %s\n", s)
		}
		in.WriteString("DAT:\n\n")
	}
	program, err := exec.LookPath("eventlogadm")
	if err != nil {
		t.Fatalf("this test needs the program eventlogadm: apt-get install samba: %v", err)
	}
	// The folder of the server's configuration is two above the share ADMIN$.
	conf := filepath.Join(samba.Root(), "..", "..", "smb.conf")
	cmd := exec.CommandContext(t.Context(), program, "-s", filepath.Clean(conf), "-o", "write", log)
	cmd.Stdin = strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("eventlogadm: %v\n%s", err, out)
	}
}

func sambaType(t testing.TB, eventType uint16) string {
	t.Helper()
	names := map[uint16]string{1: "ERROR", 2: "WARNING", 4: "INFO"}
	name, ok := names[eventType]
	if !ok {
		t.Fatalf("eventlogadm has no name for event type %d", eventType)
	}
	return name
}

// sambaEvents makes n events from this time on, a second apart. Samba drops
// events that are older than a week.
func sambaEvents(first time.Time, n int) []Record {
	events := make([]Record, n)
	for i := range events {
		at := first.Add(time.Duration(i) * time.Second)
		events[i] = Record{
			Number: uint32(i + 1), Generated: at, Written: at, ID: 0xC000100A, Type: 1, Category: 3,
			Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", fmt.Sprint(i), "Access denied"},
		}
	}
	return events
}

// openPipe logs in to Samba with a dialect, and opens a pipe. The session ends
// with the test.
func openPipe(t testing.TB, samba *smbtest.Samba, dialect string) smb.Pipe {
	t.Helper()
	ctx := testContext(t)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", samba.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	session, err := login(ctx, conn, samba, dialect)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := session.Close(ctx); err != nil {
			t.Errorf("ending the session: %v", err)
		}
	})
	tree, err := session.Connect(ctx, "IPC$")
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := tree.OpenPipe(ctx, PipeName)
	if err != nil {
		t.Fatal(err)
	}
	return pipe
}

func login(ctx context.Context, conn net.Conn, samba *smbtest.Samba, dialect string) (smb.Session, error) {
	if dialect == "smb2" {
		client, err := smb2.Negotiate(ctx, conn, samba.Credentials(), smb2.Options{})
		if err != nil {
			return nil, err
		}
		return client.Login(ctx)
	}
	client, err := smb1.Negotiate(ctx, conn, smb1.Options{Rounds: new(smb.Rounds), ServerName: samba.NetBIOSName()})
	if err != nil {
		return nil, err
	}
	return client.Login(ctx, samba.Credentials(), "IPC$")
}

func newest(events []Record) []Record {
	var reversed []Record
	for i := len(events) - 1; i >= 0; i-- {
		reversed = append(reversed, events[i])
	}
	return reversed
}

func TestReadFromSamba(t *testing.T) {
	for _, dialect := range []string{"smb1", "smb2"} {
		t.Run(dialect, func(t *testing.T) {
			options := smbtest.SambaOptions{}
			if dialect == "smb2" {
				options = smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"}
			}
			samba := smbtest.StartSamba(t, options)
			first := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
			written := 0
			for _, n := range []int{0, 1, 2, 10, 1000} {
				events := sambaEvents(first, n)
				if n > written {
					writeEvents(t, samba, "Application", events[written:])
				}
				written = n
				t.Run(fmt.Sprint(n), func(t *testing.T) { checkSamba(t, openPipe(t, samba, dialect), events) })
			}
		})
	}
}

// checkSamba opens the log on a pipe, and expects these events in it.
func checkSamba(t *testing.T, pipe smb.Pipe, events []Record) {
	ctx := testContext(t)
	log, err := Open(ctx, pipe, "Application")
	if err != nil {
		t.Fatal(err)
	}
	oldest, count, err := log.Bounds(ctx)
	if err != nil || oldest != 1 || int(count) != len(events) {
		t.Errorf("oldest %d, %d records, %v; want 1, %d", oldest, count, err, len(events))
	}
	var got []Record
	end, err := log.ReadBackwards(ctx, Reading{}, func(r Record) bool {
		got = append(got, r)
		return true
	})
	if err != nil || !end.Reached {
		t.Errorf("end %+v, %v", end, err)
	}
	if diff := cmp.Diff(newest(events), got); diff != "" {
		t.Errorf("records (-written +read):\n%s", diff)
	}
	if err := log.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := pipe.Close(ctx); err != nil {
		t.Error(err)
	}
}
