package report

import (
	"bytes"
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
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := NewLint("rasphone.pbk", []byte(test.data), []string{"Good"}).WriteText(&b, test.colour); err != nil {
				t.Fatal(err)
			}
			golden(t, "lint_"+name+".txt", b.String())
		})
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
