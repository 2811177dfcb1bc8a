package raserror

import (
	"cmp"
	"slices"
	"testing"
)

func TestLookup(t *testing.T) {
	for code, want := range map[uint32]string{5: "ERROR_ACCESS_DENIED", 87: "ERROR_INVALID_PARAMETER", 623: "ERROR_CANNOT_FIND_PHONEBOOK_ENTRY", 633: "ERROR_PORT_NOT_AVAILABLE"} {
		if e, ok := Lookup(code); !ok || e.Name != want || e.Meaning == "" {
			t.Errorf("%d: got %+v, want %s", code, e, want)
		}
	}
	if e, ok := Lookup(4264763456); ok {
		t.Errorf("%+v", e)
	}
}

func TestErrorsAreUnique(t *testing.T) {
	seen := make(map[uint32]bool)
	for _, e := range Errors() {
		if seen[e.Code] || e.Name == "" || e.Meaning == "" {
			t.Errorf("%+v", e)
		}
		seen[e.Code] = true
	}
	if len(seen) < 280 {
		t.Errorf("%d codes", len(seen))
	}
}

// Lookup searches the table, which has to be sorted for it, and finds all of it.
func TestLookupFindsEveryError(t *testing.T) {
	all := Errors()
	if !slices.IsSortedFunc(all, func(a, b Error) int { return cmp.Compare(a.Code, b.Code) }) {
		t.Error("not in ascending order")
	}
	for _, want := range all {
		if got, ok := Lookup(want.Code); !ok || got != want {
			t.Errorf("%d: got %+v, want %+v", want.Code, got, want)
		}
	}
	for _, code := range []uint32{0, 1, 599, 871, 1 << 31} {
		if e, ok := Lookup(code); ok {
			t.Errorf("%d: %+v", code, e)
		}
	}
}

func TestTableCannotBeChanged(t *testing.T) {
	Errors()[0].Name = "changed"
	if e := Errors()[0]; e.Name == "changed" {
		t.Errorf("%+v", e)
	}
	if n := testing.AllocsPerRun(10, func() { Lookup(623) }); n != 0 {
		t.Errorf("a lookup takes %.0f allocations", n)
	}
}
