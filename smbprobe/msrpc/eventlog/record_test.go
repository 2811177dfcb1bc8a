package eventlog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// vector returns the bytes of a recorded stub, or of the recorded records.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			b, err := hex.DecodeString(fields[len(fields)-1])
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no recorded %s", name)
	return nil
}

func vectorRecords() []Record {
	at := time.Unix(0x5f5e1000, 0).UTC()
	written := func(number, id uint32, eventType uint16, generated time.Time, insertions ...string) Record {
		return Record{
			Number: number, Generated: generated, Written: generated, ID: id, Type: eventType, Category: 3,
			Source: "MSExchangeIMC", Computer: "EXCH1", Strings: insertions,
		}
	}
	return []Record{
		written(102, 0xC000100A, 1, at.Add(100*time.Second), "ISP", "5", "Access denied"),
		written(101, 0x8000100A, 2, at, "ISP", "5", "x"),
	}
}

// cleanRecords returns the records of a real log file, without what frames them.
func cleanRecords(t testing.TB) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/clean.evt")
	if err != nil {
		t.Fatal(err)
	}
	const headerSize, records = 0x30, 168 + 156 + 160 + 204 + 208
	return file[headerSize : headerSize+records]
}

func TestStubs(t *testing.T) {
	stub := vector(t, "ElfrReadELW")
	log := Log{handle: [20]byte(stub)}
	for name, got := range map[string][]byte{
		"ElfrOpenELW":         openStub("Application"),
		"ElfrNumberOfRecords": log.handleStub(),
		"ElfrOldestRecord":    log.handleStub(),
		"ElfrCloseEL":         log.handleStub(),
		"ElfrReadELW":         readStub(log.handle, readSequential|readBackwards, 0, 1024),
	} {
		if diff := cmp.Diff(vector(t, name), got); diff != "" {
			t.Errorf("%s (-recorded +written):\n%s", name, diff)
		}
	}
}

func TestParseRecords(t *testing.T) {
	records, err := ParseRecords(vector(t, "rec"))
	if diff := cmp.Diff(vectorRecords(), records); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if records[0].Code() != 4106 {
		t.Errorf("code %d", records[0].Code())
	}
	records, err = ParseRecords(cleanRecords(t))
	if err != nil || len(records) != 5 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Source+" "+r.Computer+" "+strings.Join(r.Strings, "|"))
	}
	want := []string{
		"TestApp POPSICKL-79ADD4 Test log entry, information", "TestApp POPSICKL-79ADD4 Test log entry, error",
		"TestApp POPSICKL-79ADD4 Test log entry, warning", "TestApp POPSICKL-79ADD4 Test log entry, failure audit",
		"TestApp POPSICKL-79ADD4 Test log entry, success audit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("real records (-want +got):\n%s", diff)
	}
}

// TestParseRecordsDamaged cuts the records everywhere, and changes every byte of
// their lengths, offsets, counts and signatures. No other record is affected.
func TestParseRecordsDamaged(t *testing.T) {
	for name, good := range map[string][]byte{"written": vector(t, "rec"), "real": cleanRecords(t)} {
		want, err := ParseRecords(good)
		if err != nil {
			t.Fatal(err)
		}
		whole := map[int]bool{0: true}
		for at := 0; at < len(good); {
			length := int(binary.LittleEndian.Uint32(good[at:]))
			fields := []int{0, 4, 36, 40, 44, 48, 52, length - 4}
			for _, field := range fields {
				for i := range 4 {
					checkChanged(t, name, good, at+field+i, want)
				}
			}
			checkChanged(t, name, good, at+26, want) // NumStrings
			checkChanged(t, name, good, at+27, want)
			at += length
			whole[at] = true
		}
		for n := range good {
			if _, err := ParseRecords(good[:n]); (err == nil) != whole[n] {
				t.Errorf("%s: cut after %d bytes: %v", name, n, err)
			}
		}
	}
}

// checkChanged gives a byte every other value: the records are the same but for the
// changed one, which has an error, or there are none and an error.
func checkChanged(t *testing.T, name string, good []byte, at int, want []Record) {
	t.Helper()
	bad := bytes.Clone(good)
	for range 255 {
		bad[at]++
		got, err := ParseRecords(bad)
		if err != nil {
			if !errors.Is(err, smb.ErrProtocol) || got != nil {
				t.Errorf("%s: byte %d is %#x: %v, %d records", name, at, bad[at], err, len(got))
			}
			continue
		}
		if len(got) != len(want) {
			t.Fatalf("%s: byte %d is %#x: %d records", name, at, bad[at], len(got))
		}
		unreadable := 0
		for i, r := range got {
			same := reflect.DeepEqual(r, want[i]) // much faster than cmp.Equal
			switch {
			case r.Err != nil:
				unreadable++
				if !errors.Is(r.Err, smb.ErrProtocol) || r.Number != want[i].Number || r.Source != want[i].Source || r.Strings != nil {
					t.Errorf("%s: byte %d is %#x: %+v", name, at, bad[at], r)
				}
			case !same && !otherCount(r, want[i]):
				t.Errorf("%s: byte %d is %#x: other records without an error:\n%s", name, at, bad[at], cmp.Diff(want[i], r))
			}
		}
		if unreadable > 1 {
			t.Errorf("%s: byte %d is %#x: %d records have an error", name, at, bad[at], unreadable)
		}
	}
}

// otherCount reports whether a record has lost its last strings, or the padding at
// its end was taken for empty ones: nothing but NumStrings tells how many there are in a
// record without data.
func otherCount(got, want Record) bool {
	n := min(len(got.Strings), len(want.Strings))
	if !slices.Equal(got.Strings[:n], want.Strings[:n]) || strings.Join(got.Strings[n:], "") != "" {
		return false
	}
	got.Strings = want.Strings
	return cmp.Equal(got, want)
}

// put writes a field of a record.
func put(record []byte, at int, v uint32) []byte {
	b := bytes.Clone(record)
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

// TestPartsWithoutLength: Windows sets the offset of a part of no length to any value.
func TestPartsWithoutLength(t *testing.T) {
	r := vectorRecords()[0]
	b := encode(r, 0)
	noStrings := r
	noStrings.Strings = nil
	n := encode(noStrings, 0)
	for _, test := range []struct {
		name   string
		record []byte
		want   Record
	}{
		{"data far outside", put(b, 52, 0xFFFFFFFF), r},
		{"data just outside", put(b, 52, uint32(len(b))), r},
		{"data in the header", put(b, 52, 4), r},
		{"data at 0", put(b, 52, 0), r},
		{"SID far outside", put(b, 44, 0x80000000), r},
		{"SID at 0", put(b, 44, 0), r},
		{"SID behind the strings", put(b, 44, uint32(len(b)-4)), r},
		{"no strings, outside", put(n, 36, 0xFFFFFFFF), noStrings},
		{"no strings, at 0", put(put(put(n, 36, 0), 44, 0), 52, 0), noStrings},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseRecords(test.record)
			if diff := cmp.Diff([]Record{test.want}, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestUnreadableRecord: one record that cannot be decoded is returned in its place.
func TestUnreadableRecord(t *testing.T) {
	log := newest(events(7, 3))
	log[1].Source = "MSExchangeIMC"
	log[1].ID = 0xC000100A
	sound := encode(log[1], 8)
	noNames := bytes.Clone(sound)
	for at := recordHeaderSize; at < len(sound)-4; at++ {
		noNames[at] = 'x'
	}
	for _, test := range []struct {
		name   string
		record []byte
		source string // "": cannot be read
		mayBe  bool   // event 4106 of MSExchangeIMC
	}{
		{"data beyond the record", put(sound, 48, 5000), "MSExchangeIMC", true},
		{"data of 4 GB", put(sound, 48, 0xFFFFFFFF), "MSExchangeIMC", true},
		{"data and offset that overflow", put(put(sound, 48, 0xFFFFFFFF), 52, 0xFFFFFFFF), "MSExchangeIMC", true},
		{"strings before the names", put(sound, 36, 56), "MSExchangeIMC", true},
		{"strings outside", put(sound, 36, 0x7FFFFFFF), "MSExchangeIMC", true},
		{"65535 strings", put(sound, 24, 0xFFFF0001), "MSExchangeIMC", true},
		{"a SID outside", put(sound, 40, 12), "MSExchangeIMC", true},
		{"another length at its end", put(sound, len(sound)-4, 4), "MSExchangeIMC", true},
		{"length 0", put(sound, 0, 0), "MSExchangeIMC", true},
		{"length of 4 GB", put(sound, 0, 0xFFFFFFFC), "MSExchangeIMC", true},
		{"a length that takes the next record along", put(sound, 0, uint32(len(sound)+len(encode(log[2], 0)))), "MSExchangeIMC", true},
		{"a length that ends in the middle", put(sound, 0, 64), "MSExchangeIMC", true},
		{"a length that is not a multiple of four", put(sound, 0, uint32(len(sound)-1)), "MSExchangeIMC", true},
		{"another signature", put(sound, 4, 0x654C6600), "MSExchangeIMC", true},
		{"65535 bytes of SID at its place", put(sound, 40, 0xFFFF), "MSExchangeIMC", true},
		{"a SID in the header", put(put(sound, 40, 12), 44, 8), "MSExchangeIMC", true},
		{"the last string without an end", cutString(sound), "MSExchangeIMC", true},
		{"names without an end", noNames, "", true},
		{"names without an end, another event", put(noNames, 20, 0xC0001009), "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseRecords(slices.Concat(encode(log[0], 0), test.record, encode(log[2], 0)))
			if err != nil || len(got) != 3 || !cmp.Equal(got[0], log[0]) || !cmp.Equal(got[2], log[2]) {
				t.Fatalf("%v, %+v", err, got)
			}
			r := got[1]
			if r.NoHeader || !errors.Is(r.Err, smb.ErrProtocol) || r.Number != log[1].Number || !r.Generated.Equal(log[1].Generated) ||
				r.Source != test.source || r.Strings != nil || r.MayBe("msexchangeimc", 4106) != test.mayBe {
				t.Errorf("%+v", r)
			}
		})
	}
	if r := log[1]; !r.MayBe("MSEXCHANGEIMC", 4106) || r.MayBe("CpqNF31", 4106) || r.MayBe("MSExchangeIMC", 4107) {
		t.Errorf("a sound record may be another event")
	}
}

// cutString overwrites what follows the last string of a record with "x", up to the length
// at its end.
func cutString(record []byte) []byte {
	b := bytes.Clone(record)
	for at := len(b) - 14; at < len(b)-4; at++ {
		b[at] = 'x'
	}
	return put(b, 48, 0)
}

// TestUnreadableWithoutHeader: bytes that are no record at all are returned as one that may
// be any event, and affect no other.
func TestUnreadableWithoutHeader(t *testing.T) {
	log := newest(events(7, 4))
	sound := encode(log[1], 8)
	nothing := bytes.Repeat([]byte{0}, 100)
	for name, junk := range map[string][]byte{
		"zeros":                        nothing,
		"a few bytes":                  {0x27, 0, 0, 0},
		"not aligned":                  make([]byte, 61),
		"text":                         bytes.Repeat([]byte("LfLe"), 30),
		"signature and lengths broken": put(put(put(sound, 0, 8), 4, 0), len(sound)-4, 1),
		"half a record":                sound[:len(sound)/2],
		"the other half":               sound[len(sound)/2:],
		"lengths broken":               put(put(sound, 0, 0), len(sound)-4, 0),
		"two halves":                   slices.Concat(sound[:70], sound[len(sound)/2:]),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRecords(slices.Concat(encode(log[0], 0), junk, encode(log[2], 0), encode(log[3], 0)))
			if err != nil || len(got) != 4 || !cmp.Equal(got[0], log[0]) || !cmp.Equal(got[2:], log[2:]) {
				t.Fatalf("%v, %+v", err, got)
			}
			if r := got[1]; r.Err == nil || !r.NoHeader && r.Number != log[1].Number || r.NoHeader && !r.MayBe("MSExchangeIMC", 4106) {
				t.Errorf("%+v", r)
			}
			// At the end it may be a record that was cut off.
			if _, err := ParseRecords(slices.Concat(encode(log[0], 0), junk)); !errors.Is(err, smb.ErrProtocol) {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

// TestDamagedNeighbours: two damaged records that follow on each other are two.
func TestDamagedNeighbours(t *testing.T) {
	log := newest(events(7, 4))
	damaged := func(r Record) []byte {
		b := encode(r, 0)
		return put(b, len(b)-4, 0)
	}
	got, err := ParseRecords(slices.Concat(damaged(log[0]), damaged(log[1]), encode(log[2], 0), damaged(log[3])))
	if err != nil || len(got) != 4 || !cmp.Equal(got[2], log[2]) {
		t.Fatalf("%v, %+v", err, got)
	}
	for _, i := range []int{0, 1, 3} {
		if got[i].Err == nil || got[i].Number != log[i].Number {
			t.Errorf("record %d: %+v", i, got[i])
		}
	}
}

// TestOddLayouts: what Windows or another server may write, and no part is missing.
func TestOddLayouts(t *testing.T) {
	r := vectorRecords()[0]
	for _, sid := range []int{8, 12, 16, 28, 68, 27} {
		for _, padding := range []int{0, 2, 4, 7} {
			for _, data := range []int{0, 1, 2, 3, 100} {
				for _, end := range []int{0, 1, 2, 3, 12, 16} {
					b := layOut(r, sid, padding, data, end)
					if got, err := ParseRecords(slices.Concat(b, b)); err != nil || len(got) != 2 || !cmp.Equal(got[0], r) || !cmp.Equal(got[1], r) {
						t.Errorf("SID %d, padding %d, data %d, end %d: %v, %+v", sid, padding, data, end, err, got)
					}
				}
			}
		}
	}
	r.Source = "MSExchange" // the names end two bytes before a multiple of four
	b := encode(r, 0)
	pad := int(binary.LittleEndian.Uint32(b[36:])) - 2
	b[pad], b[pad+1] = 'x', 0xFF
	if got, err := ParseRecords(b); err != nil || !cmp.Equal(got[0], r) {
		t.Errorf("padding that is not zero: %v, %+v", err, got)
	}
}

// layOut encodes a record with a user SID and data of these lengths, and with this many
// bytes of padding before the SID and at the end.
func layOut(r Record, sid, padding, data, end int) []byte {
	plain := encode(r, 0)
	stringsAt := int(binary.LittleEndian.Uint32(plain[36:]))
	dataAt := int(binary.LittleEndian.Uint32(plain[52:]))
	b := slices.Concat(plain[:stringsAt], make([]byte, padding))
	sidAt := len(b)
	b = append(b, bytes.Repeat([]byte{'S'}, sid)...)
	at := len(b)
	b = append(b, plain[stringsAt:dataAt]...)
	newDataAt := len(b)
	b = append(b, bytes.Repeat([]byte{'D'}, data)...)
	b = append(b, make([]byte, end+4)...)
	for field, v := range map[int]int{0: len(b), 36: at, 40: sid, 44: sidAt, 48: data, 52: newDataAt, len(b) - 4: len(b)} {
		binary.LittleEndian.PutUint32(b[field:], uint32(v))
	}
	return b
}

func TestRecordBounds(t *testing.T) {
	r := vectorRecords()[0]
	r.Strings = make([]string, MaxStrings+44)
	r.Strings[0] = strings.Repeat("ä", MaxChars+1)
	got, err := ParseRecords(encode(r, 0))
	if err != nil || len(got[0].Strings) != MaxStrings || got[0].Strings[0] != strings.Repeat("ä", MaxChars) {
		t.Errorf("%d strings, the first of %d characters, %v", len(got[0].Strings), utf8.RuneCountInString(got[0].Strings[0]), err)
	}
	r.Strings = []string{"half a pair: ?!"}
	b := encode(r, 0)
	copy(b[bytes.Index(b, []byte{'?', 0}):], []byte{0x3D, 0xD8})
	if got, err = ParseRecords(b); err != nil || got[0].Strings[0] != "half a pair: \uFFFD!" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzParseRecords(f *testing.F) {
	f.Add(vector(f, "rec"))
	f.Add(cleanRecords(f))
	r := encode(vectorRecords()[0], 8)
	f.Add(put(r, 52, 0xFFFFFFFF))
	f.Add(put(put(r, 48, 0), 52, 0xFFFFFFFF))
	f.Add(put(put(r, 48, 0xFFFFFFFF), 52, 0xFFFFFFFF))
	f.Add(slices.Concat(put(r, len(r)-4, 0), r))
	f.Add(put(put(r, 40, 0xFFFFFFFF), 44, 0xFFFFFFFF))
	f.Add(slices.Concat(put(r, 0, 0), r, bytes.Repeat([]byte("LfLe"), 20), put(r, 4, 0), r))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := ParseRecords(b)
		if err != nil && (records != nil || !errors.Is(err, smb.ErrProtocol)) {
			t.Fatalf("%d records, %v", len(records), err)
		}
		for _, r := range records {
			for _, s := range append(r.Strings, r.Source, r.Computer) {
				if !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxChars {
					t.Fatalf("text %q", s)
				}
			}
			if len(r.Strings) > MaxStrings || r.Err != nil && (r.Strings != nil || !errors.Is(r.Err, smb.ErrProtocol)) {
				t.Fatalf("%d strings, %v", len(r.Strings), r.Err)
			}
		}
	})
}

func BenchmarkParseRecords(b *testing.B) {
	var all []byte
	for _, r := range events(1, 1000) {
		all = append(all, encode(r, 0)...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if records, err := ParseRecords(all); err != nil || len(records) != 1000 {
			b.Fatalf("%d records, %v", len(records), err)
		}
	}
}
