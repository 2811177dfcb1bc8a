package phonebook

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every check has a book in which it alone finds something.
func TestEachCheckAlone(t *testing.T) {
	options := map[CheckID]Options{
		CheckDialedMissing:    {DialedEntries: []string{"Provider", "Backup"}},
		CheckDialedNameOver20: {DialedEntries: []string{"Internet Provider One"}},
		CheckDialedNameCase:   {DialedEntries: []string{"PROVIDER"}},
		CheckNewerWindows:     {NT4: true},
	}
	books := readBooks(t, "checks")
	// This one would be a file of megabytes.
	books[string(CheckTooManyGroups)] = []byte(strings.Repeat("[\n", MaxGroups+1))
	unused := maps.Clone(books)
	for _, info := range Checks() {
		t.Run(string(info.Check), func(t *testing.T) {
			data, ok := books[string(info.Check)]
			if !ok {
				t.Fatalf("testdata/checks has no synthetic_%s.pbk", info.Check)
			}
			r := Check(Parse(data), options[info.Check])
			want := []Count{{Check: info.Check, Class: info.Class, N: 1}}
			if diff := cmp.Diff(want, r.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s\n%s", diff, tellAll(r))
			}
		})
		delete(unused, string(info.Check))
	}
	for name := range unused {
		t.Errorf("testdata/checks/synthetic_%s.pbk is named for no check", name)
	}
}

func TestChecksTable(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	article := regexp.MustCompile(`^(Q\d{6})?$`)
	order := map[Class]int{ClassFile: 0, ClassEntry: 1, ClassOddity: 2}
	seen := make(map[CheckID]bool)
	worst := 0
	for _, info := range Checks() {
		if !name.MatchString(string(info.Check)) || seen[info.Check] {
			t.Errorf("%q is not a name, or not the only one", info.Check)
		}
		seen[info.Check] = true
		if rank, ok := order[info.Class]; !ok || rank < worst {
			t.Errorf("%s: class %q is unknown or out of order", info.Check, info.Class)
		} else {
			worst = rank
		}
		if !article.MatchString(info.Article) {
			t.Errorf("%s: article %q", info.Check, info.Article)
		}
		for _, text := range []string{info.Meaning, info.Remedy} {
			if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ":") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not one line that is a sentence", info.Check, text)
			}
		}
	}
}
