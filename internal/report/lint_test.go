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

// TestLintOtherFiles: a file of another kind is not a damaged phone book.
func TestLintOtherFiles(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"auths:\n  corp:\n    username: rasphone\n    password: hunter2\n", "YAML"},
		{"\ufeff# written by hand\n---\nauths: {corp: {password: hunter2}}\n", "YAML"},
		{"- hosts:\n    - exch01\n    - exch02\n  auth: corp\n", "YAML"},
		{"hosts:\n  - exch01\n  - exch02\n  - exch03\n", "YAML"},
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "gzip"},
		{"MZ\x90\x00\x03\x00\x00\x00", "program of Windows"},
		{"\x7fELF\x02\x01\x01\x00", "program of Linux"},
		{"PK\x03\x04\x14\x00", "zip"},
		{strings.Repeat("\x00", 257) + "ustar\x00", "tar"},
		{"SZDD\x88\xf0\x27\x33A_", "expand"},
		{"0\x00\x00\x00LfLe", "event log"},
		{"\r\n<!DOCTYPE HTML PUBLIC>\r\n<HTML><BODY>404 hunter2\r\n[x]\r\na=b", "HTML"},
		{"<html><body>hunter2</body></html>", "HTML"},
		{"<?xml version=\"1.0\"?>\n<a b='c'/>\n", "XML"},
		{`{"auths": {"corp": {"password": "hunter2"}}}`, "JSON"},
		{`[{"a": 1}]`, "JSON"},
		{"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\r\n\"a\"=\"hunter2\"\r\n", ".reg"},
		{"#!/bin/sh\nPASSWORD=hunter2\n", "script"},
		{"-----BEGIN PRIVATE KEY-----\nhunter2==\n-----END PRIVATE KEY-----\n", "PEM"},
		{"hunter2\n", "text without any [entry] or setting"},
		{"From: a\r\n\r\nDear M\xfcller,\r\nhunter2\r\n", "text without any [entry] or setting"},
	} {
		l := NewLint("a", []byte(tt.data), nil)
		var text, asJSON bytes.Buffer
		if err := errors.Join(l.WriteText(&text, false), WriteJSON(&asJSON, []*Lint{l})); err != nil {
			t.Fatal(err)
		}
		if l.Intact || !strings.Contains(l.LooksLike, tt.want) || !strings.Contains(text.String(), "a: not a phone book: it looks like "+l.LooksLike+"\n") {
			t.Errorf("%q looks like %q, want %q; intact: %t\n%s", tt.data, l.LooksLike, tt.want, l.Intact, &text)
		}
		if strings.Contains(text.String()+asJSON.String(), "hunter2") {
			t.Errorf("%q is shown:\n%s%s", tt.data, &text, &asJSON)
		}
	}
}

// utf16 returns a text in UTF-16, with the low bytes at odd offsets if low is 1.
func utf16(text string, low int) string {
	b := make([]byte, 2*len(text))
	for i := range len(text) {
		b[2*i+low] = text[i]
	}
	return string(b)
}

// TestLintDamagedBooks: what a crash or an editor leaves of a phone book is damaged, and no other file.
func TestLintDamagedBooks(t *testing.T) {
	const entry = "[ISP]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=1\r\n"
	for _, data := range []string{
		"", "\r\n", "\x1a", strings.Repeat("\x00", 4096), entry + strings.Repeat("\x00", 4096), strings.Repeat("\x00", 300) + entry,
		entry[:len(entry)/2] + "\x00\x00", "\x01\x02\x03\x04", entry[5:], "Port=COM1\r\n", "[ISP\r\nrubbish\r\n", "rubbish\r\n" + entry,
		"Description: x\r\n" + entry, "MZ" + entry, "<" + entry, "{" + entry, "[1]", `["a"]`, "[ISP]\r\n\x00A\x00B",
		"\xff\xfe" + utf16(entry, 0), "\xfe\xff" + utf16(entry, 1), utf16(entry, 0), utf16(entry, 1), // saved as Unicode
	} {
		if l := NewLint("a", []byte(data), nil); l.Intact || l.LooksLike != "" {
			t.Errorf("%q: intact: %t, looks like %q", data, l.Intact, l.LooksLike)
		}
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
