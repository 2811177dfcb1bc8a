package diagnosis

import (
	"slices"
	"testing"
)

// exclusion is a reason why two causes never stand together.
type exclusion struct {
	reason string
	one    []string
	two    []string // empty: those of one exclude each other
}

func exclusions() []exclusion {
	noShare := []string{
		"server_service_stopped", "server_out_of_resources", "licences_used_up", "server_paused", "account_refused", "guest_only", "account_not_administrator",
		"admin_share_disabled", "admin_shares_lost_at_start", "admin_share_removed", "admin_share_missing",
	}
	notRead := []string{"ras_not_installed", "phonebook_missing", "phonebook_access_denied", "phonebook_elsewhere", "phonebook_locked"}
	book := append([]string{"phonebook_damaged", "entry_unusable", "phonebook_from_newer_windows"}, notRead...)
	return []exclusion{
		{reason: "the share has one state, and the registry one value", one: noShare},
		{"the share is open", noShare, []string{"services_exe_not_answering", "admin_share_not_automatic", "dialup_access_denied"}},
		{"the book was opened through the share", noShare, book},
		{reason: "the book has one state", one: append([]string{"phonebook_damaged"}, notRead...)},
		{"the book was not read, and so not checked", notRead, []string{"entry_unusable", "phonebook_from_newer_windows"}},
		{"the book was not read, and what an event names may be no entry", append(noShare, notRead...), []string{"entry_name_too_long"}},
		{"the book's own fault explains the code", append([]string{"phonebook_damaged"}, notRead...), []string{"dialup_access_denied"}},
	}
}

func excluded(a, b string) bool {
	for _, e := range exclusions() {
		two := e.two
		if len(two) == 0 {
			two = e.one
		}
		if slices.Contains(e.one, a) && slices.Contains(two, b) || slices.Contains(e.one, b) && slices.Contains(two, a) {
			return true
		}
	}
	return false
}

func TestEachPairOfCauses(t *testing.T) {
	cases := causeCases()
	tried := 0
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
			_, hasOne := causeOf(causes, one.cause)
			_, hasTwo := causeOf(causes, two.cause)
			if excluded(one.cause, two.cause) {
				if hasOne && hasTwo {
					t.Errorf("%s and %s exclude each other, and both are named", one.cause, two.cause)
				}
				continue
			}
			tried++
			if !hasOne || !hasTwo || len(causes) != 2 {
				t.Errorf("%s, then %s: %v", one.cause, two.cause, names(causes))
				continue
			}
			first := one.cause
			if rank(two.severity) < rank(one.severity) || two.severity == one.severity && j < i {
				first = two.cause
			}
			if causes[0].Name != first {
				t.Errorf("%s, then %s: the first is %s", one.cause, two.cause, causes[0].Name)
			}
		}
	}
	if tried < 800 {
		t.Errorf("%d pairs", tried)
	}
}
