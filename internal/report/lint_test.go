package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestLintText(t *testing.T) {
	book := "[Good]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=5550100\r\n"
	for name, test := range map[string]struct {
		data   string
		colour bool
	}{
		"sound":            {book, false},
		"oddity_in_colour": {book + "\r", true},
		"damaged":          {book + "rubbish \x1b[31m\r\n[", false},
		"many":             {book + string(bytes.Repeat([]byte("rubbish\r\n"), 130)), false},
		"run_together":     {"[A]\r\nEncoding=1\r\n" + strings.TrimPrefix(strings.TrimSuffix(book, "\r\n"), "[Good]\r\n") + "[Good]\r\nEncoding=1\r\n", false},
		"secret":           {"PreSharedKey = hunter2\r\n" + book + "SharedSecret: hunter2\r\n", false},
		"no_entries":       {"\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := NewLint("rasphone.pbk", []byte(test.data), []string{"Good"}).WriteText(&b, test.colour); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), "hunter2") {
				t.Errorf("a secret is shown:\n%s", &b)
			}
			golden(t, "lint_"+name+".txt", b.String())
		})
	}
}

// An entry of which it cannot be decided whether it is there is neither usable nor unusable.
func TestLintUndecided(t *testing.T) {
	l := NewLint("a.pbk", []byte("[B\xfcro]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=1\r\n"), []string{"Łódź 宽带"})
	var asJSON, text bytes.Buffer
	if err := errors.Join(WriteJSON(&asJSON, []*Lint{l}), l.WriteText(&text, false)); err != nil {
		t.Fatal(err)
	}
	if !l.Intact || l.Dialed[0].Usable != nil || strings.Contains(asJSON.String(), `"usable"`) {
		t.Errorf("intact: %t\n%s", l.Intact, &asJSON)
	}
	if want := `dialed entry "Łódź 宽带": in doubt`; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in\n%s", want, &text)
	}
}

func TestLintJSON(t *testing.T) {
	var b bytes.Buffer
	err := WriteJSON(&b, []*Lint{
		NewLint("a.pbk", []byte("[A]\r\nMEDIA=serial\r\nDEVICE=modem\r\n"), []string{"A", "B"}),
		{File: "b.pbk", Error: "no such file"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "lint.json", b.String())
}
