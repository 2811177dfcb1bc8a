package faultproxy

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestLengths: which numbers of a message may lie. Places count from the SMB header.
func TestLengths(t *testing.T) {
	tests := []struct {
		sample string
		want   []field
	}{
		{"SMB1 close", []field{{32, 1}, {33, 2}}},
		{"SMB1 open", []field{{32, 1}, {35, 2}, {101, 2}}},
		{"SMB1 login", []field{{32, 1}, {35, 2}, {39, 2}, {41, 1}, {44, 2}, {48, 2}}},
		{"SMB2 negotiate", []field{{20, 4}, {64, 2}, {70, 2}, {120, 2}, {122, 2}, {124, 4}}},
		{"SMB2 login", []field{{20, 4}, {64, 2}, {68, 2}, {70, 2}}},
		{"SMB2 open", []field{{20, 4}, {64, 2}, {144, 4}, {148, 4}}},
		{"SMB2 read", []field{{20, 4}, {64, 2}, {66, 1}, {68, 4}, {72, 4}}},
		{"SMB2 refusal", []field{{20, 4}, {64, 2}, {68, 4}}},
	}
	for _, test := range tests {
		t.Run(test.sample, func(t *testing.T) {
			message := samples(t)[test.sample]
			got := lengths(protocolOf(message))
			slices.SortFunc(got, func(a, b field) int { return cmp.Compare(a.at, b.at) })
			if diff := gocmp.Diff(test.want, got, gocmp.AllowUnexported(field{})); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			lied := map[field]bool{}
			for seed := range uint64(seeds) {
				d, _ := spoil(InnerLength, message, seeded(seed))
				body, old := d.chunks[0][4:], message[4:]
				for _, f := range test.want {
					if !bytes.Equal(f.in(body), f.in(old)) {
						lied[f] = true
						copy(f.in(body), f.in(old))
					}
				}
				if !bytes.Equal(body, old) {
					t.Fatalf("seed %d changed something else", seed)
				}
			}
			if len(lied) != len(test.want) {
				t.Errorf("%d of %d fields ever lied: %v", len(lied), len(test.want), lied)
			}
		})
	}
}

// TestLieIsNoTruth for every width, and the ends of what it holds.
func TestLieIsNoTruth(t *testing.T) {
	for _, width := range []int{1, 2, 4} {
		for _, truth := range []uint32{0, 1, 0x7F, 0xFF, 0xFFFF, 0xFFFFFFFF} {
			f := field{0, width}
			most := uint32(uint64(1)<<(8*width) - 1)
			for seed := range uint64(seeds) {
				if n := lie(f, truth&most, 100, seeded(seed)); n == truth&most || n > most {
					t.Fatalf("width %d: %d instead of %d", width, n, truth&most)
				}
			}
		}
	}
}

// FuzzSpoil: no message makes the proxy itself fail.
func FuzzSpoil(f *testing.F) {
	for _, message := range samples(f) {
		for _, k := range []Kind{InnerLength, WrongFID, Flip, TruncateSMB} {
			f.Add(int(k), message, uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, kind int, message []byte, seed uint64) {
		if len(message) < headerSize {
			return // there is none: readMessage returns none
		}
		before := slices.Clone(message)
		d, spoiled := spoil(Kind(kind), message, seeded(seed))
		if !bytes.Equal(before, message) {
			t.Fatal("changed the message that it was given")
		}
		if size := len(bytes.Join(d.chunks, nil)); size > 2*len(message)+2048 {
			t.Fatalf("%d bytes of %d", size, len(message))
		}
		if unknown := Kind(kind) < None || Kind(kind) > HugeFrame; unknown && spoiled {
			t.Fatalf("%s spoiled a message", Kind(kind))
		}
		incidental(message)
	})
}

// TestLengthsOfCommands: where the fields are that a command has of its own, from the SMB
// header, as the specifications draw them.
func TestLengthsOfCommands(t *testing.T) {
	answer, request := true, false
	for _, test := range []struct {
		name    string
		command byte
		answer  bool
		words   int // WordCount of SMB1; 0: SMB2
		want    []int
	}{
		{"SMB1 negotiate", 0x72, answer, 17, []int{33, 40, 66}},
		{"SMB1 negotiate", 0x72, request, 17, nil},
		{"SMB1 session setup", 0x73, request, 13, []int{47, 49}},
		{"SMB1 session setup", 0x73, answer, 3, nil},
		{"SMB1 tree connect", 0x75, request, 4, []int{39}},
		{"SMB1 tree connect", 0x75, answer, 3, nil},
		{"SMB1 open", 0xA2, request, 24, []int{38}},
		{"SMB1 open", 0xA2, answer, 34, nil},
		{"SMB1 read", 0x2E, answer, 12, []int{43, 45, 47}},
		{"SMB1 read", 0x2E, request, 12, []int{43, 45}},
		{"SMB1 write", 0x2F, answer, 6, []int{37}},
		{"SMB1 write", 0x2F, request, 14, []int{53, 55}},
		{"SMB1 transaction", 0x25, answer, 10, []int{33, 35, 39, 41, 45, 47, 49, 51}},
		{"SMB1 transaction", 0x25, request, 16, []int{33, 35, 39, 51, 53, 55, 57, 59}},
		{"SMB1 transaction, short", 0x25, answer, 2, []int{33, 35}},
		{"SMB2 negotiate", 0, answer, 0, []int{70, 120, 122, 124}},
		{"SMB2 negotiate", 0, request, 0, []int{66}},
		{"SMB2 session setup", 1, answer, 0, []int{68, 70}},
		{"SMB2 session setup", 1, request, 0, []int{76, 78}},
		{"SMB2 tree connect", 3, request, 0, []int{68, 70}},
		{"SMB2 tree connect", 3, answer, 0, nil},
		{"SMB2 open", 5, answer, 0, []int{144, 148}},
		{"SMB2 open", 5, request, 0, []int{108, 110, 112, 116}},
		{"SMB2 read", 8, answer, 0, []int{66, 68, 72}},
		{"SMB2 read", 8, request, 0, []int{68}},
		{"SMB2 write", 9, answer, 0, []int{68}},
		{"SMB2 write", 9, request, 0, []int{66, 68}},
		{"SMB2 control", 11, answer, 0, []int{88, 92, 96, 100}},
		{"SMB2 control", 11, request, 0, []int{88, 92, 100, 104, 108}},
		{"SMB2 query", 16, answer, 0, []int{66, 68}},
		{"SMB2 query", 16, request, 0, nil},
	} {
		var message []byte
		var common []int
		if test.words > 0 {
			block := append([]byte{byte(test.words), 0xFF}, make([]byte, 2*test.words+1)...)
			message = smb1Message(t, hex.EncodeToString([]byte{test.command}), test.answer, hex.EncodeToString(block))
			common = []int{32, 33 + 2*test.words}
			if isAndX(test.command) {
				common = append(common, 35)
			}
		} else {
			message = smb2Message(t, test.command, test.answer, 0, make([]byte, 100))
			common = []int{20, 64}
		}
		var got []int
		for _, f := range lengths(protocolOf(message)) {
			if !slices.Contains(common, f.at) {
				got = append(got, f.at)
			}
		}
		if diff := gocmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, answer %t (-want +got):\n%s", test.name, test.answer, diff)
		}
	}
}
