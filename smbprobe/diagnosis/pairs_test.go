package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// wantNothingLost checks that each failure to dial is evidence for a cause.
func wantNothingLost(t testing.TB, r *smbprobe.Result, causes []smbprobe.Cause) {
	t.Helper()
	for _, f := range dialFailures(r) {
		sentence := f.sentence()
		if !slices.ContainsFunc(causes, func(c smbprobe.Cause) bool { return slices.Contains(c.Evidence, sentence) }) {
			t.Errorf("%v have no %q", names(causes), sentence)
		}
	}
}

// TestEachPairOfCauses: two faults at once have a cause, and lose nothing of the calls.
func TestEachPairOfCauses(t *testing.T) {
	cases := causeCases()
	for i, one := range cases {
		for j, two := range cases {
			if i == j {
				continue
			}
			r := healthy()
			one.change(r)
			two.change(r)
			causes := Causes(r)
			wantComplete(t, r, causes)
			wantNothingLost(t, r, causes)
			if len(causes) == 0 {
				t.Errorf("%s, then %s: no cause", one.cause, two.cause)
			}
		}
	}
}

// TestOutagesExplain: an outage makes what follows from it superfluous.
func TestOutagesExplain(t *testing.T) {
	explains := map[string][]string{}
	for _, r := range rules {
		for _, by := range r.explainedBy {
			explains[by] = append(explains[by], r.Name)
		}
	}
	for by := range explains {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.Name == by }) {
			t.Errorf("%v are explained by %s, which is not a cause", explains[by], by)
		}
	}
	at := func(name string) int { return slices.IndexFunc(rules, func(r rule) bool { return r.Name == name }) }
	for _, r := range rules {
		for _, by := range r.explainedBy {
			if at(by) > at(r.Name) {
				t.Errorf("%s is explained by %s, which comes after it", r.Name, by)
			}
		}
	}
	r := healthy()
	all(shareIs(smbprobe.ShareMissing, 0), failsWith("5"), failsWith("53"), failsWith("676"))(r)
	got := names(Causes(r))
	if want := "admin_share_removed line_or_answer_missing"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s: the share explains [5] and [53], and not [676]", got, want)
	}
}
