package eventlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

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
