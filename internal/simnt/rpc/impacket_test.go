package rpc

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestImpacket: the clients of impacket understand every answer.
func TestImpacket(t *testing.T) {
	s := newServer()
	var complaints strings.Builder
	client := exec.CommandContext(t.Context(), "/usr/bin/python3", "testdata/impacket_client.py")
	client.Stderr = &complaints
	questions, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatalf("starting impacket: %v", err)
	}
	result := servePipes(t, s, questions, answers)
	if err := client.Wait(); err != nil {
		t.Fatalf("impacket: %v\n%s", err, complaints.String())
	}

	var got any
	if err := json.Unmarshal([]byte(result), &got); err != nil {
		t.Fatalf("%v in %q", err, result)
	}
	const want = `{
		"eventlog": {
			"count": 3, "oldest": 1, "bytes": 432, "newest": 3, "id": 2147487754,
			"end": 3221225489,
			"clear": 3221225506,
			"closed": "nca_s_fault_context_mismatch"
		},
		"registry": {
			"name": "EventLog", "kind": 1, "text": "Service Pack 6", "version": 1,
			"end": 259,
			"missing": 2
		},
		"services": {
			"state": 1, "exit": 1077, "start": 3, "account": "LocalSystem", "display": "Remote Access Connection Manager",
			"missing": 1060
		},
		"server": {
			"shares": {
				"names0": ["ADMIN$", "IPC$", "mail"], "names1": ["ADMIN$", "IPC$", "mail"], "names2": ["ADMIN$", "IPC$", "mail"],
				"name0": "ADMIN$", "name1": "ADMIN$", "name2": "ADMIN$", "remark": "Remote Admin", "path": "C:\\WINNT"
			},
			"missing": 2310,
			"level": 124,
			"server": ["EXCH1", 4, 36867, "Mail", "EXCH1"],
			"clock": [920404800, 129600250, 20, 0, 0, 25, 480, 2, 3, 1999, 2]
		}
	}`
	var expected any
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("understood (-want +got):\n%s", diff)
	}
}

// servePipes answers the lines of testdata/impacket_client.py until it has ended, and
// returns its result.
func servePipes(t *testing.T, s *System, questions io.Reader, answers io.WriteCloser) (result string) {
	t.Helper()
	defer answers.Close()
	pipes := make(map[string]*Pipe)
	lines := bufio.NewScanner(questions)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		name, message, _ := strings.Cut(rest, " ")
		answer := ""
		switch verb {
		case "open":
			pipes[name] = open(t, s, name, administrator())
		case "write":
			if status := pipes[name].Write(fromHex(t, message)); status != 0 {
				t.Errorf("write to %s: %08X", name, status)
			}
		case "read":
			b, _ := pipes[name].Read()
			answer = hex.EncodeToString(b)
		case "result":
			result = rest
		default:
			t.Errorf("a line %q", lines.Text())
		}
		if _, err := io.WriteString(answers, answer+"\n"); err != nil {
			t.Errorf("answering impacket: %v", err)
			return result
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
	return result
}
