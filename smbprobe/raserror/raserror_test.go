package raserror

import "testing"

func TestLookup(t *testing.T) {
	for code, want := range map[uint32]string{5: "ERROR_ACCESS_DENIED", 87: "ERROR_INVALID_PARAMETER", 623: "ERROR_CANNOT_FIND_PHONEBOOK_ENTRY", 633: "ERROR_PORT_NOT_AVAILABLE"} {
		if e, ok := Lookup(code); !ok || e.Name != want || e.Meaning == "" {
			t.Errorf("%d: %+v, expected %s", code, e, want)
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
