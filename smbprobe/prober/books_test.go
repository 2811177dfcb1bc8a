package prober

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// TestSharedPhonebooks: targets share what is kept of equal phone books, and each has its own
// size and time.
func TestSharedPhonebooks(t *testing.T) {
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	check := func(target, path, content string, o phonebook.Options) smbprobe.PhonebookResult {
		r := newRun(p, smbprobe.Target{Name: target}, newRecorder(0))
		n := attempt{data: []byte(content), result: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Size: new(int64(len(target)))}}
		r.checkPhonebook(&n, path, o)
		return n.result
	}
	book := func(number int) string {
		return fmt.Sprintf("[Internet %d]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=555\r\n", number)
	}
	nt := phonebook.Options{NT4: true}
	first := check("exch01", "a.pbk", book(1), nt)
	for _, test := range []struct {
		name, target, path, content string
		options                     phonebook.Options
		want                        bool
	}{
		{"next probe", "exch01", "a.pbk", book(1), nt, true},
		{"another target", "exchange2", "a.pbk", book(1), nt, true},
		{"its next probe", "exchange2", "a.pbk", book(1), nt, true},
		{"another path", "exch03", "b.pbk", book(1), nt, false},
		{"another version", "exch04", "a.pbk", book(1), phonebook.Options{}, false},
		{"other dialed entries", "exch05", "a.pbk", book(1), phonebook.Options{NT4: true, DialedEntries: []string{"x"}}, false},
		{"other content", "exch06", "a.pbk", book(2), nt, false},
		{"the first target after that", "exch01", "a.pbk", book(1), nt, true},
	} {
		got := check(test.target, test.path, test.content, test.options)
		if shared := &got.Links[0] == &first.Links[0]; shared != test.want {
			t.Errorf("%s: shared %v, want %v", test.name, shared, test.want)
		}
		n := attempt{data: []byte(test.content), result: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Size: new(int64(len(test.target)))}}
		checkPhonebook(&n.result, n.data, test.options)
		if diff := cmp.Diff(n.result, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	for i := range maxBooks + 10 {
		check("exch01", "a.pbk", book(i), nt)
	}
	if got := p.hints.books.Len(); got != maxBooks {
		t.Errorf("%d phone books, want %d", got, maxBooks)
	}
}
