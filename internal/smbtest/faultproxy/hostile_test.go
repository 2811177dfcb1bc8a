package faultproxy

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHostility: which messages it spoils, and with what.
func TestHostility(t *testing.T) {
	for _, test := range []struct {
		hostility              Hostility
		leastServer, mostShare float64
		client                 bool
	}{
		{Hostility{Probability: 0, BothWays: true}, 0, 0, false},
		{Hostility{Probability: 0.1}, 0.07, 0.13, false},
		{Hostility{Probability: 0.1, BothWays: true}, 0.07, 0.13, true},
		{Hostility{Probability: 1, BothWays: true}, 1, 1, true},
	} {
		const messages = 2000
		kinds, share := map[Kind]bool{}, [2]float64{}
		for n := range messages {
			for _, d := range []Direction{FromServer, FromClient} {
				place := Place{Direction: d, Number: n, Connection: n / 20, Index: n % 20}
				k := test.hostility.kind(place, place.random(3))
				if k != None {
					kinds[k] = true
					share[d] += 1.0 / messages
				}
				place.Number++ // as another order of the connections has it
				if again := test.hostility.kind(place, place.random(3)); again != k {
					t.Fatalf("%s: %s, and then %s", place, k, again)
				}
			}
		}
		const rounding = 1e-6
		if share[FromServer] < test.leastServer-rounding || share[FromServer] > test.mostShare+rounding || (share[FromClient] > 0) != test.client {
			t.Errorf("%+v: spoils %v", test.hostility, share)
		}
		if test.leastServer > 0 {
			if diff := cmp.Diff(hostileKinds(), slices.Sorted(maps.Keys(kinds)), cmp.Transformer("sorted", sorted)); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		}
	}
}

func sorted(kinds []Kind) []Kind { return slices.Sorted(slices.Values(kinds)) }

// TestHostileProxy: many conversations, each of which ends; what is spoiled is the same
// for the same seed.
func TestHostileProxy(t *testing.T) {
	messages, _ := conversation(t)
	said := bytes.Join(messages, nil)
	addr := server(t, answering(t, messages...))
	run := func(seed uint64) (all []string, changed int) {
		p := StartHostile(t, addr, Hostility{Seed: seed, Probability: 0.2})
		for range 100 {
			got := listenTo(dial(t, p))
			if got.err != nil {
				t.Errorf("a connection ended with %v", got.err)
			}
			if all = append(all, string(got.bytes)); !bytes.Equal(got.bytes, said) {
				changed++
			}
		}
		if !p.Fired() {
			t.Error("nothing was spoiled")
		}
		return all, changed
	}
	first, changed := run(1)
	again, _ := run(1)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same seed does something else (-first +second):\n%s", diff)
	}
	if other, _ := run(2); cmp.Equal(first, other) {
		t.Error("another seed does the same")
	}
	if changed == 0 || changed == len(first) {
		t.Errorf("%d of %d conversations were spoiled", changed, len(first))
	}
}
