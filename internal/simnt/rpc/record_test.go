package rpc

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
)

// TestRecordsOfWindows: records that Windows wrote are written the same, to the byte.
func TestRecordsOfWindows(t *testing.T) {
	file, err := os.ReadFile("testdata/clean.evt")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	file = file[logHeaderSize : len(file)-logEndSize]
	records, err := eventlog.ParseRecords(file)
	if err != nil || len(records) != 5 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		length := le.Uint32(file)
		want := file[:length]
		file = file[length:]
		event := Event{
			At: r.Generated, ID: r.ID, Type: r.Type, Category: r.Category, Source: r.Source, Computer: r.Computer, Strings: r.Strings,
			Data: want[le.Uint32(want[52:]):][:le.Uint32(want[48:])],
		}
		if diff := cmp.Diff(want, encodeRecord(r.Number, event)); diff != "" {
			t.Errorf("record %d (-of Windows +written):\n%s", r.Number, diff)
		}
	}
}

// TestRecordLayout: whatever its parts are long, a record is in order.
func TestRecordLayout(t *testing.T) {
	for source := range 5 {
		for computer := range 4 {
			for data := range 9 {
				e := Event{
					At: now(), ID: 0xC000100A, Type: 1, Category: 2, Source: "source"[:source+1], Computer: "exch"[:computer+1],
					Strings: []string{"", "ä𝄞"}, Data: make([]byte, data),
				}
				b := encodeRecord(7, e)
				got, err := eventlog.ParseRecords(b)
				want := []eventlog.Record{{
					Number: 7, Generated: now().Truncate(1e9), Written: now().Truncate(1e9), ID: e.ID, Type: 1, Category: 2,
					Source: e.Source, Computer: e.Computer, Strings: e.Strings,
				}}
				if diff := cmp.Diff(want, got); err != nil || diff != "" || len(b)%4 != 0 {
					t.Fatalf("%d bytes, %v (-want +got):\n%s", len(b), err, diff)
				}
			}
		}
	}
}
