package smbtest_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// logEvents are events with texts of different lengths, so that their records are
// padded differently.
func logEvents() []smbtest.Event {
	at := time.Now().Add(-time.Hour)
	return []smbtest.Event{
		{At: at, ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}},
		{At: at.Add(time.Second), ID: 0x4000100A, Source: "CpqNF31", Strings: []string{"a"}},
		{At: at.Add(2 * time.Second), ID: 1, Source: "Serial1"},
	}
}

// TestWriteEventsAsSambaDoes compares the log's file with what eventlogadm makes of
// the same events.
func TestWriteEventsAsSambaDoes(t *testing.T) {
	events := logEvents()
	ours := smbtest.StartSamba(t, smbtest.SambaOptions{})
	ours.WriteEvents(events...)
	theirs := smbtest.StartSamba(t, smbtest.SambaOptions{})
	var b strings.Builder
	for _, e := range events {
		//nolint:misspell // a field of eventlogadm
		fmt.Fprintf(&b, "LEN: 0\nRS1: 1699505740\nRCN: 0\nTMG: %d\nTMW: %d\nEID: %d\nETP: ERROR\nECT: 3\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: %s\nSRN: EXCH01\n",
			e.At.Unix(), e.At.Unix(), e.ID, e.Source)
		for _, text := range e.Strings {
			fmt.Fprintf(&b, "STR: %s\n", text)
		}
		b.WriteString("DAT: \n\n")
	}
	conf := filepath.Join(theirs.Root(), "..", "..", "smb.conf")
	cmd := exec.CommandContext(t.Context(), smbtest.NeedProgram(t, "eventlogadm", "samba"), "-s", filepath.Clean(conf), "-o", "write", smbtest.ApplicationLog)
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("eventlogadm: %v\n%s", err, out)
	}
	if diff := cmp.Diff(dumpLog(t, theirs), dumpLog(t, ours)); diff != "" {
		t.Errorf("log (-Samba's own +ours):\n%s", diff)
	}
}

// dumpLog prints what a log's file holds, in order.
func dumpLog(t *testing.T, s *smbtest.Samba) string {
	t.Helper()
	const program = "import sys, tdb\nlog = tdb.open(sys.argv[1])\nfor key in sorted(log): print(key, log[key])"
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", program, s.LogPath()).CombinedOutput()
	if err != nil || len(out) == 0 {
		t.Fatalf("reading the file of a log: %v\n%s", err, out)
	}
	return string(out)
}

func TestSambaEventLog(t *testing.T) {
	for _, o := range []smbtest.SambaOptions{{MinProtocol: "NT1"}, {MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"}} {
		t.Run(o.MinProtocol, func(t *testing.T) {
			s := smbtest.StartSamba(t, o)
			s.SetLogSize(4 << 20)
			events := logEvents()
			var want []smbtest.LogRecord
			for i, e := range events {
				want = append(want, smbtest.LogRecord{Number: i + 1, At: e.At.Unix(), ID: e.ID, Source: e.Source, Strings: append([]string{}, e.Strings...)})
			}
			s.WriteEvents(events...)
			if diff := cmp.Diff(smbtest.LogContent{Count: 3, Oldest: 1, Records: want}, s.ReadLog()); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			s.DropEvents(2)
			if diff := cmp.Diff(smbtest.LogContent{Count: 1, Oldest: 3, Records: want[2:]}, s.ReadLog()); diff != "" {
				t.Errorf("the two oldest dropped (-want +got):\n%s", diff)
			}
			s.ClearLog()
			if got := s.ReadLog(); got.Count != 0 || len(got.Records) != 0 {
				t.Errorf("cleared, and it holds %+v", got)
			}
			s.WriteEvents(events[0])
			if diff := cmp.Diff(smbtest.LogContent{Count: 1, Oldest: 1, Records: want[:1]}, s.ReadLog()); diff != "" {
				t.Errorf("written once more (-want +got):\n%s", diff)
			}
		})
	}
}
