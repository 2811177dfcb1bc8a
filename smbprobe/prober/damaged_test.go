package prober_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestBooksOnSamba: what a book holds is told the same way over both dialects.
func TestBooksOnSamba(t *testing.T) {
	t.Parallel()
	const maxSize = 8 << 10
	good := smbtest.Phonebook()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
			p := newProber(t, prober.Options{})
			target := direct(samba.Addr(), `phonebook: {dialed_entries: ["Internet Dial-Up"], max_size: 8KiB}`).target(t)
			for _, test := range []struct {
				name   string
				data   []byte
				state  smbprobe.PhonebookState
				checks []phonebook.CheckID
				usable bool
			}{
				{"good", good, smbprobe.PhonebookOK, nil, true},
				{"empty", nil, smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckEmptyFile}, false},
				{"all NUL", make([]byte, 512), smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckNULBytes}, false},
				{"cut inside a key", good[:bytes.Index(good, []byte("DEVICE="))+3], smbprobe.PhonebookDamaged, []phonebook.CheckID{phonebook.CheckTruncatedTail}, false},
				{"port missing", bytes.Replace(good, []byte("Port="), []byte("PORT="), 1), smbprobe.PhonebookOK, []phonebook.CheckID{phonebook.CheckPortMissing}, false},
				{"as large as it may be", bookOf(maxSize), smbprobe.PhonebookOK, nil, true},
			} {
				t.Run(test.name, func(t *testing.T) {
					samba.WritePhonebook(test.data)
					r := probe(t, p, target)
					wantOutcome(t, test.name, book(test.state), r)
					var checks []phonebook.CheckID
					for _, c := range r.Phonebook.Counts {
						if c.Class != phonebook.ClassOddity {
							checks = append(checks, c.Check)
						}
					}
					if diff := cmp.Diff(test.checks, checks); diff != "" {
						t.Error(diff)
					}
					if len(r.Phonebook.Dialed) != 1 || r.Phonebook.Dialed[0].Usable != test.usable || *r.Phonebook.Intact != (test.checks == nil) {
						t.Errorf("dialed %+v, intact %v", r.Phonebook.Dialed, *r.Phonebook.Intact)
					}
				})
			}
			t.Run("larger than it may be", func(t *testing.T) {
				samba.WritePhonebook(bookOf(maxSize + 1))
				r := probe(t, p, target)
				wantOutcome(t, "too large", book(smbprobe.PhonebookTooLarge), r)
				if r.Phonebook.Entries != nil || r.Phonebook.Intact != nil {
					t.Error("it was read")
				}
			})
		})
	}
}

// TestRealShapedBooksOnSamba: no book of a shape that real systems write is called
// damaged on its way through the whole probe.
func TestRealShapedBooksOnSamba(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	p, target := newProber(t, prober.Options{}), direct(samba.Addr()).target(t)
	files, err := filepath.Glob("../phonebook/testdata/books/*.pbk")
	if err != nil || len(files) == 0 {
		t.Fatal(fmt.Sprint(len(files), " books"), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		samba.WritePhonebook(data)
		r := probe(t, p, target)
		wantOutcome(t, file, allWell(), r)
		if !*r.Phonebook.Intact {
			t.Errorf("%s: %+v", file, r.Phonebook.Counts)
		}
	}
}
