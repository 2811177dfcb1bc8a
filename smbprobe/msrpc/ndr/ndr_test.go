package ndr

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vector returns the recorded stub of a procedure.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if fields := strings.Fields(line); len(fields) == 5 && fields[0] == name {
			stub, err := hex.DecodeString(fields[4])
			if err != nil {
				t.Fatal(err)
			}
			return stub
		}
	}
	t.Fatalf("no recorded %s", name)
	return nil
}

func handle() Handle {
	return Handle{0, 0, 0, 0, 0xa1, 0xa2, 0xa3, 0xa4, 0xb1, 0xb2, 0xc1, 0xc2, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8}
}

func TestWriter(t *testing.T) {
	for name, write := range map[string]func(w *Writer){
		"ElfrOpenELW": func(w *Writer) {
			w.Null()
			w.UnicodeString("Application")
			w.UnicodeString("")
			w.U32(1)
			w.U32(1)
		},
		"NetrShareGetInfo": func(w *Writer) {
			w.Pointer()
			w.String(`\\EXCH1`)
			w.String("ADMIN$")
			w.U32(1)
		},
		"OpenLocalMachine": func(w *Writer) {
			w.Pointer()
			w.U16(0x5c)
			w.U32(0x02000000)
		},
		"ROpenServiceW": func(w *Writer) {
			w.Handle(handle())
			w.String("MSExchangeIMC")
			w.U32(4)
		},
		"BaseRegOpenKey": func(w *Writer) {
			w.Handle(handle())
			w.UnicodeStringNUL(`SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`)
			w.U32(0)
			w.U32(0x00020019)
		},
	} {
		var w Writer
		write(&w)
		if diff := cmp.Diff(vector(t, name), w.Stub()); diff != "" {
			t.Errorf("%s (-recorded +written):\n%s", name, diff)
		}
	}
}

func TestReader(t *testing.T) {
	var w Writer
	w.Pointer()
	w.Null()
	w.U16(7)
	w.Handle(handle())
	w.String("Grüße 📞")
	w.UnicodeString("x")
	stub := w.Stub()

	read := func(stub []byte) (texts [2]string, ok bool) {
		r := NewReader(stub)
		var first, second bool
		var number, length, room uint16
		var h Handle
		var there bool
		ok = r.Pointer(&first) && r.Pointer(&second) && r.U16(&number) && r.Handle(&h) && r.String(&texts[0]) &&
			r.Align(4) && r.U16(&length) && r.U16(&room) && r.Pointer(&there) && r.String(&texts[1]) && r.Align(4) && r.Empty()
		if ok && (!first || second || number != 7 || h != handle() || length != 2 || room != 4 || !there) {
			t.Errorf("read %v %v %d %x %d %d %v", first, second, number, h, length, room, there)
		}
		return texts, ok
	}
	if texts, ok := read(stub); !ok || texts != [2]string{"Grüße 📞", "x"} {
		t.Errorf("%q, %v", texts, ok)
	}
	for n := range stub {
		if _, ok := read(stub[:n]); ok {
			t.Errorf("cut after %d of %d bytes, and nothing noticed", n, len(stub))
		}
	}
}

func TestReaderBounds(t *testing.T) {
	varying := func(r *Reader) bool { return r.VaryingArray(new([]byte)) }
	unicode := func(r *Reader) bool { return r.UnicodeString(new(string)) }
	for name, test := range map[string]struct {
		stub []byte
		read func(r *Reader) bool
	}{
		"string with an offset":               {[]byte{2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 65, 0}, func(r *Reader) bool { return r.String(new(string)) }},
		"string over its room":                {[]byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0, 0, 0}, func(r *Reader) bool { return r.String(new(string)) }},
		"string of 8 GiB":                     {[]byte{255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 65, 0}, func(r *Reader) bool { return r.String(new(string)) }},
		"array of another size":               {[]byte{3, 0, 0, 0, 1, 2, 3, 4}, func(r *Reader) bool { return r.Array(4, new([]byte)) }},
		"array that is cut":                   {[]byte{4, 0, 0, 0, 1, 2, 3}, func(r *Reader) bool { return r.Array(4, new([]byte)) }},
		"bytes of negative number":            {[]byte{4}, func(r *Reader) bool { return r.Bytes(-1, new([]byte)) }},
		"varying array over its room":         {[]byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 66}, varying},
		"varying array with an offset":        {[]byte{2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 65}, varying},
		"varying array that is cut":           {[]byte{2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65}, varying},
		"varying array of 4 GiB":              {[]byte{255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 65}, varying},
		"Unicode string of odd length":        {[]byte{1, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, unicode},
		"Unicode string over its size":        {[]byte{4, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0, 66, 0}, unicode},
		"Unicode string without its array":    {[]byte{2, 0, 2, 0, 0, 0, 0, 0}, unicode},
		"Unicode string of another length":    {[]byte{2, 0, 4, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0, 66, 0}, unicode},
		"Unicode string of another size":      {[]byte{2, 0, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 65, 0}, unicode},
		"Unicode string whose array is short": {[]byte{2, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 65}, unicode},
	} {
		if test.read(NewReader(test.stub)) {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestReadArrays(t *testing.T) {
	stub := []byte{
		4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 0xEE, // three of four bytes, padding
		4, 0, 8, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0, 0, 0, // "A" with its NUL
		2, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 66, 0, 0xEE, 0xEE, // "B" without, padding
		0, 0, 0, 2, 0, 0, 0, 0, // no text
	}
	r := NewReader(stub)
	var data []byte
	a, b, none := "?", "?", "?"
	if !r.VaryingArray(&data) || !r.UnicodeString(&a) || !r.UnicodeString(&b) || !r.UnicodeString(&none) || !r.Empty() {
		t.Fatal("not taken")
	}
	if diff := cmp.Diff([]any{[]byte{1, 2, 3}, "A", "B", ""}, []any{data, a, b, none}); diff != "" {
		t.Errorf("(-there +read):\n%s", diff)
	}
}

// TestWriteUnicodeRoom: room for a text of 256 units, and nothing in it.
func TestWriteUnicodeRoom(t *testing.T) {
	var w Writer
	w.UnicodeRoom(256)
	want := []byte{0, 0, 0, 2, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if diff := cmp.Diff(want, w.Stub()); diff != "" {
		t.Errorf("(-by the specification +written):\n%s", diff)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{4, 0, 8, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 65, 0, 0, 0})
	f.Add([]byte{4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, stub []byte) {
		var data []byte
		if NewReader(stub).VaryingArray(&data); len(data) > len(stub) {
			t.Fatalf("%d bytes of %d", len(data), len(stub))
		}
		for _, read := range []func(r *Reader, out *string) bool{(*Reader).String, (*Reader).UnicodeString} {
			out := "as it was"
			if ok := read(NewReader(stub), &out); !ok && out != "as it was" || ok && 2*len([]rune(out)) > len(stub) {
				t.Fatalf("%q, %v", out, ok)
			}
		}
	})
}
