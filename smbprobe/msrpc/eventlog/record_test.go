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
		"ElfrNumberOfRecords": log.handle[:],
		"ElfrOldestRecord":    log.handle[:],
		"ElfrCloseEL":         log.handle[:],
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
