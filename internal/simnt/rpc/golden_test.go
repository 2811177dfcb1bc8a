package rpc

import (
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// TestRecordedRequests answers every recorded request, and compares the answers with
// those in testdata/answers.txt, which -update rewrites.
func TestRecordedRequests(t *testing.T) {
	const path = "testdata/answers.txt"
	var got strings.Builder
	s := newServer()
	for _, c := range []struct{ pipe, uuid string }{
		{"eventlog", "82273fdc-e32a-18c3-3f78-827929dc23ea"}, {"srvsvc", "4b324fc8-1670-01d3-1278-5a47bf6ee188"},
		{"svcctl", "367abb81-9844-35f1-ad32-98f038001003"}, {"winreg", "338cd001-2244-31f1-aaaa-900038001003"},
	} {
		p := bound(t, s, c.pipe, administrator())
		var h handle
		for _, v := range vectors(t)[c.uuid][1:] {
			if strings.HasPrefix(hex.EncodeToString(v.stub), "00000000a1a2a3a4") {
				copy(v.stub, h[:])
			}
			answer, fault := ask(t, p, v.opnum, v.stub)
			if fault != 0 || last(answer) != 0 {
				t.Errorf("%s: fault %08X, status %08X", v.name, fault, last(answer))
				continue
			}
			if len(answer) == handleSize+4 {
				h = handle(answer)
			}
			got.WriteString(v.name + " " + hex.EncodeToString(answer) + "\n")
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("answers (-before +now):\n%s", diff)
	}
}
