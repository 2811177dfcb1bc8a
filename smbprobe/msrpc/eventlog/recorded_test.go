package eventlog

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecordedRead takes the answer to a read of 1024 bytes out of a recorded
// conversation, and cuts it everywhere.
func TestRecordedRead(t *testing.T) {
	file, err := os.ReadFile("testdata/synthetic_reference.pcap")
	if err != nil {
		t.Fatal(err)
	}
	const size = 1024
	at := bytes.Index(file, []byte{5, 0, 2, 3, 0x10, 0, 0, 0, 0x28, 4, 0, 0})
	if at < 0 {
		t.Fatal("no answer to a read in the recorded conversation")
	}
	stub := file[at+24 : at+0x428]
	answer, err := parseRead(stub, size)
	if err != nil {
		t.Fatal(err)
	}
	records, err := ParseRecords(answer.data)
	if diff := cmp.Diff(vectorRecords(), records); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for n := range stub {
		if _, err := parseRead(stub[:n], size); err == nil {
			t.Errorf("cut after %d bytes, and nothing noticed", n)
		}
	}
}
