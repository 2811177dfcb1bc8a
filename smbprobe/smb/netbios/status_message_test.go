package netbios

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answerOfSamba is a real answer, with this id.
func answerOfSamba(tb testing.TB) (answer []byte, id uint16) {
	tb.Helper()
	b, err := os.ReadFile("testdata/nmbd_node_status.bin")
	if err != nil {
		tb.Fatal(err)
	}
	return b, 0x4F1A
}

func namesOfSamba() []Name {
	return []Name{
		{Name: "EXCH01", Suffix: 0x00, Active: true},
		{Name: "EXCH01", Suffix: 0x03, Active: true},
		{Name: "EXCH01", Suffix: 0x20, Active: true},
		{Name: "\x01\x02__MSBROWSE__\x02", Suffix: 0x01, Group: true, Active: true},
		{Name: "CORP", Suffix: 0x00, Group: true, Active: true},
		{Name: "CORP", Suffix: 0x1B, Active: true},
		{Name: "CORP", Suffix: 0x1D, Active: true},
		{Name: "CORP", Suffix: 0x1E, Group: true, Active: true},
	}
}

// answerWith is an answer with these names, of 18 bytes each.
func answerWith(id uint16, entries ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0)
	name := wildcardName()
	b = append(b, name[:]...)
	b = append(b, 0, 0x21, 0, 1, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(1+18*len(entries)))
	b = append(b, byte(len(entries)))
	for _, e := range entries {
		b = append(b, e...)
	}
	return b
}

func TestStatusRequest(t *testing.T) {
	const head, tail = "4f1a00000001000000000000", "00210001"
	tests := map[string]struct {
		name [EncodedNameSize]byte
		want string
	}{
		"wildcard": {wildcardName(), "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"masters":  {mastersName(), "ABACFPFPENFDECFCEPFHFDEFFPFPACAB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := head + hex.EncodeToString([]byte("\x20"+tt.want+"\x00")) + tail
			got := hex.EncodeToString(statusRequest(0x4F1A, tt.name))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	answer, wantID := answerOfSamba(t)
	id, names, err := parseStatus(answer)
	if err != nil || id != wantID {
		t.Fatalf("id 0x%04X, error %v, want 0x%04X", id, err, wantID)
	}
	if diff := cmp.Diff(namesOfSamba(), names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseStatusForms(t *testing.T) {
	const server = "SRV            \x20\x04\x00"
	pointer := bytes.Replace(answerWith(1, server), []byte("\x20CK"+string(bytes.Repeat([]byte("A"), 30))+"\x00"), []byte{0xC0, 12}, 1)
	tests := map[string]struct {
		answer []byte
		want   []Name
	}{
		"no names":           {answerWith(1), []Name{}},
		"compressed name":    {pointer, []Name{{Name: "SRV", Suffix: 0x20, Active: true}}},
		"padded with zeros":  {answerWith(1, "SRV\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x04\x00"), []Name{{Name: "SRV", Suffix: 0x20, Active: true}}},
		"all flags":          {answerWith(1, "SRV            \x20\x9C\x00"), []Name{{Name: "SRV", Suffix: 0x20, Group: true, Deregistering: true, Conflict: true, Active: true}}},
		"no flags":           {answerWith(1, "SRV            \x20\x02\x00"), []Name{{Name: "SRV", Suffix: 0x20}}},
		"bytes of code page": {answerWith(1, "M\x9aLLER         \x20\x04\x00"), []Name{{Name: "M\x9aLLER", Suffix: 0x20, Active: true}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, names, err := parseStatus(tt.answer)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseStatusMalformed(t *testing.T) {
	change := func(at int, to ...byte) []byte {
		b, _ := answerOfSamba(t)
		copy(b[at:], to)
		return b
	}
	tests := map[string][]byte{
		"a query":                           change(2, 0x00, 0x00),
		"another opcode":                    change(2, 0xAC, 0x00),
		"an error code":                     change(2, 0x84, 0x03),
		"a question in it":                  change(4, 0, 1),
		"no answer in it":                   change(6, 0, 0),
		"a label of 64 bytes":               change(12, 64),
		"another type":                      change(46, 0, 0x20),
		"another class":                     change(48, 0, 2),
		"longer than it is":                 change(54, 0x00, 0xC0),
		"longest":                           change(54, 0xFF, 0xFF),
		"empty":                             change(54, 0, 0),
		"more names than there is room for": change(56, 11),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			if _, names, err := parseStatus(answer); !errors.Is(err, errMalformed) {
				t.Errorf("names %v, error %v, want %v", names, err, errMalformed)
			}
		})
	}
}

func TestParseStatusTruncated(t *testing.T) {
	answer, _ := answerOfSamba(t)
	for n := range answer {
		if _, names, err := parseStatus(answer[:n]); !errors.Is(err, errMalformed) {
			t.Errorf("cut off at %d bytes: names %v, error %v, want %v", n, names, err, errMalformed)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	answer, _ := answerOfSamba(f)
	f.Add(answer)
	f.Add(answerWith(1))
	f.Add(answerWith(1, "SRV            \x20\x04\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, names, err := parseStatus(answer)
		if err != nil {
			if !errors.Is(err, errMalformed) || names != nil {
				t.Fatalf("names %v, error %v", names, err)
			}
			return
		}
		if len(names)*nameEntry > len(answer) {
			t.Fatalf("%d names out of %d bytes", len(names), len(answer))
		}
		for _, n := range names {
			if len(n.Name) > maxName || !bytes.Contains(answer, []byte(n.Name)) {
				t.Fatalf("name %q is not in the answer", n.Name)
			}
		}
	})
}
