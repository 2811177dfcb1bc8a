package faultproxy

import (
	"bytes"
	"math/bits"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seeds is how many ways of each random change are looked at.
const seeds = 200

// TestKinds: each kind is documented, in order, and has a name.
func TestKinds(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented, names []string
	for _, line := range regexp.MustCompile(`(?m)^//\t(\w+)\s`).FindAllSubmatch(source, -1) {
		documented = append(documented, string(line[1]))
	}
	for _, k := range Kinds() {
		names = append(names, k.String())
		if k.Harmless() != (k == KeepAlive) {
			t.Errorf("%s: harmless is %t", k, k.Harmless())
		}
	}
	if diff := cmp.Diff(documented, names); diff != "" {
		t.Errorf("kinds (-documented +named):\n%s", diff)
	}
	if got := []string{None.String(), Kind(-1).String(), (HugeFrame + 1).String()}; !slices.Equal(got, []string{"None", "Kind(-1)", "Kind(32)"}) {
		t.Errorf("names %q", got)
	}
}

// TestSpoilDoesWhatItSays for every kind and every sort of message: the message itself
// stays as it was, the same seed does the same, and what is said to be changed is.
func TestSpoilDoesWhatItSays(t *testing.T) {
	for name, message := range samples(t) {
		for _, k := range Kinds() {
			if k == Reorder {
				continue // takes two
			}
			for seed := range uint64(seeds) {
				before := slices.Clone(message)
				d, spoiled := spoil(k, message, seeded(seed))
				again, _ := spoil(k, message, seeded(seed))
				if !reflect.DeepEqual(d, again) {
					t.Fatalf("%s of %s, seed %d: not the same twice", k, name, seed)
				}
				if !bytes.Equal(before, message) {
					t.Fatalf("%s of %s: changed the message that it was given", k, name)
				}
				same := bytes.Equal(bytes.Join(d.chunks, nil), message) && d.then == goesOn && !d.slowly
				if spoiled == same {
					t.Fatalf("%s of %s, seed %d: says spoiled %t, and is the same %t", k, name, seed, spoiled, same)
				}
			}
		}
	}
}

// TestOnePart: which bytes a kind may change, and that over many seeds it changes each.
func TestOnePart(t *testing.T) {
	type part struct{ from, to int } // of the frame
	whole := func(m []byte) part { return part{0, len(m)} }
	at := func(from, width int) func([]byte) part {
		return func([]byte) part { return part{4 + from, 4 + from + width} }
	}
	header1, header2 := at(0, 32), at(0, 64)
	tests := []struct {
		kind   Kind
		sample string
		part   func([]byte) part
	}{
		{WrongMID, "SMB1 close", at(30, 2)}, {WrongMID, "SMB2 read", at(24, 8)},
		{WrongTID, "SMB1 close", at(24, 2)}, {WrongTID, "SMB2 read", at(36, 4)},
		{WrongUID, "SMB1 close", at(28, 2)}, {WrongUID, "SMB2 read", at(40, 8)},
		{WrongSignature, "SMB1 close", at(14, 8)}, {WrongSignature, "SMB2 read", at(48, 16)},
		{WrongFID, "SMB1 open", at(38, 2)}, {WrongFID, "SMB2 open", at(128, 16)},
		{FlipHeader, "SMB1 open", header1}, {FlipHeader, "SMB2 open", header2},
		{FlipHeader, "a few bytes", at(0, 3)}, {FlipHeader, "encrypted", header2},
		{Flip, "SMB1 open", whole}, {Flip, "session response", whole},
		{RandomBytes, "SMB2 read", func(m []byte) part { return part{4, len(m)} }},
		{WrongMID, "encrypted", func(m []byte) part { return part{4, len(m)} }},
		{InnerLength, "session refusal", at(0, 1)},
	}
	for _, test := range tests {
		t.Run(test.kind.String()+" of "+test.sample, func(t *testing.T) {
			message := samples(t)[test.sample]
			changed := map[int]bool{}
			for seed := range uint64(10 * seeds) {
				d, _ := spoil(test.kind, message, seeded(seed))
				got := bytes.Join(d.chunks, nil)
				if len(got) != len(message) {
					t.Fatalf("%d bytes of %d", len(got), len(message))
				}
				for i := range got {
					if got[i] != message[i] {
						changed[i] = true
					}
				}
			}
			want := map[int]bool{}
			for i := test.part(message).from; i < test.part(message).to; i++ {
				want[i] = true
			}
			if diff := cmp.Diff(want, changed); diff != "" {
				t.Errorf("bytes that were changed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingToChange: what a kind leaves as it is.
func TestNothingToChange(t *testing.T) {
	for _, test := range []struct {
		kind   Kind
		sample string
	}{
		{WrongFID, "SMB1 close"}, {WrongFID, "SMB2 read"}, {WrongFID, "SMB2 refusal"}, {WrongFID, "SMB1 bare header"}, {InnerLength, "SMB1 bare header"},
		{RandomBytes, "session response"}, {Truncate, "session response"}, {TruncateSMB, "session response"},
		{LengthLonger, "session response"}, {LengthShorter, "session response"}, {WrongMID, "session response"},
		{None, "SMB1 open"},
	} {
		if d, spoiled := spoil(test.kind, samples(t)[test.sample], seeded(1)); spoiled {
			t.Errorf("%s spoiled %s: %v", test.kind, test.sample, d)
		}
	}
}

// TestFlipsFewBits: one to eight, and each number of them comes.
func TestFlipsFewBits(t *testing.T) {
	message, seen := samples(t)["SMB2 read"], map[int]bool{}
	for seed := range uint64(seeds) {
		d, _ := spoil(Flip, message, seeded(seed))
		n := 0
		for i, b := range d.chunks[0] {
			n += bits.OnesCount8(b ^ message[i])
		}
		seen[n] = true
	}
	want := map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("how many bits were flipped (-want +got):\n%s", diff)
	}
}

// TestValues: a wrong command is one that a client knows, a wrong status one of the list.
func TestValues(t *testing.T) {
	for _, test := range []struct {
		kind   Kind
		sample string
		field  field
		values []uint32
		truth  uint32
	}{
		{WrongCommand, "SMB1 close", field{4, 1}, commands(smb1), 0x04},
		{WrongCommand, "SMB2 read", field{12, 2}, commands(smb2), 8},
		{WrongStatus, "SMB1 close", field{5, 4}, statuses(), 0},
		{WrongStatus, "SMB2 refusal", field{8, 4}, statuses(), 0xC0000034},
	} {
		want, got := map[uint32]bool{}, map[uint32]bool{}
		for _, v := range test.values {
			want[v] = v != test.truth
		}
		delete(want, test.truth)
		for seed := range uint64(2 * seeds) {
			d, _ := spoil(test.kind, samples(t)[test.sample], seeded(seed))
			got[test.field.number(d.chunks[0][4:])] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", test.kind, test.sample, diff)
		}
	}
}
