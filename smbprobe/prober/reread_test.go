package prober

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// opening is what one open of the book finds.
type opening struct {
	openErr  error
	data     string
	readErr  error
	modified time.Time
	folder   bool
	size     int64 // if it is more than that of data
}

// fakeTree hands out openings in order; the last one stays.
type fakeTree struct {
	smb.Tree
	openings []opening
	opened   int
	closed   int
}

func (f *fakeTree) Open(context.Context, string) (smb.File, error) {
	o := f.openings[min(f.opened, len(f.openings)-1)]
	f.opened++
	if o.openErr != nil {
		return nil, o.openErr
	}
	return &fakeFile{tree: f, opening: o}, nil
}

type fakeFile struct {
	smb.File
	tree *fakeTree
	opening
}

func (f *fakeFile) Info() smb.FileInfo {
	return smb.FileInfo{Size: max(f.size, int64(len(f.data))), Modified: f.modified, Directory: f.folder}
}

func (f *fakeFile) ReadAll(context.Context) ([]byte, error) { return []byte(f.data), f.readErr }

func (f *fakeFile) Close(context.Context) error { f.tree.closed++; return nil }

// TestDamageIsConfirmed: nothing bad is reported of the book on one reading alone.
func TestDamageIsConfirmed(t *testing.T) {
	const sound = "[A]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=1\r\n"
	good := opening{data: sound}
	half, more, third := opening{data: sound[:10]}, opening{data: sound[:20]}, opening{data: sound[:30]}
	locked := opening{openErr: &smb.Error{Op: "open", Status: smb.StatusSharingViolation}}
	corrupt := opening{openErr: &smb.Error{Op: "open", Status: smb.StatusFileCorruptError}}
	unreadable := opening{data: sound, readErr: &smb.Error{Op: "read", Status: smb.StatusDataError}}
	shrank := opening{data: sound, readErr: &smb.Error{Op: "read", Err: io.ErrUnexpectedEOF}}
	lost := opening{openErr: &smb.Error{Op: "open", Err: smb.ErrConnectionLost}}
	cut := opening{data: sound, readErr: &smb.Error{Op: "read", Err: fmt.Errorf("%w: %w", smb.ErrConnectionLost, io.ErrUnexpectedEOF)}}
	missing := opening{openErr: &smb.Error{Op: "open", Status: smb.StatusObjectNameNotFound}}
	folder, large := opening{folder: true}, opening{data: sound, size: 1 << 40}
	denied := opening{openErr: &smb.Error{Op: "open", Status: smb.StatusAccessDenied}}
	readDenied := opening{data: sound, readErr: &smb.Error{Op: "read", Status: smb.StatusAccessDenied}}
	for _, test := range []struct {
		name     string
		openings []opening
		want     smbprobe.PhonebookState
		opened   int
	}{
		{"sound", []opening{good}, smbprobe.PhonebookOK, 1},
		{"missing", []opening{missing}, smbprobe.PhonebookMissing, 1},
		{"damaged, and again", []opening{half}, smbprobe.PhonebookDamaged, 2},
		{"damaged, then sound", []opening{half, good}, smbprobe.PhonebookOK, 2},
		{"damaged, then gone", []opening{half, missing}, smbprobe.PhonebookMissing, 2},
		{"being written, then at rest and damaged", []opening{half, more, more}, smbprobe.PhonebookDamaged, 3},
		{"being written, then sound", []opening{half, more, good}, smbprobe.PhonebookOK, 3},
		{"being written all the time", []opening{half, more, third}, smbprobe.PhonebookUnknown, 3},
		{"the same bytes, written again", []opening{half, {data: half.data, modified: time.Unix(1, 0)}, {data: half.data, modified: time.Unix(2, 0)}}, smbprobe.PhonebookUnknown, 3},
		{"damaged, then the connection is lost", []opening{half, lost}, smbprobe.PhonebookUnknown, 2},
		{"locked, and again", []opening{locked}, smbprobe.PhonebookLocked, 2},
		{"locked, then sound", []opening{locked, good}, smbprobe.PhonebookOK, 2},
		{"locked, then damaged, and again", []opening{locked, half, half}, smbprobe.PhonebookDamaged, 3},
		{"disk error, and again", []opening{corrupt}, smbprobe.PhonebookDiskError, 2},
		{"a false disk error", []opening{corrupt, good}, smbprobe.PhonebookOK, 2},
		{"unreadable sector, and again", []opening{unreadable}, smbprobe.PhonebookDiskError, 2},
		{"shrank, then sound", []opening{shrank, good}, smbprobe.PhonebookOK, 2},
		{"the connection is lost inside an answer", []opening{cut, good}, smbprobe.PhonebookUnknown, 1},
		{"shrinks all the time", []opening{shrank}, smbprobe.PhonebookUnknown, 3},
		{"a folder, and again", []opening{folder}, smbprobe.PhonebookMissing, 2},
		{"a folder, then sound", []opening{folder, good}, smbprobe.PhonebookOK, 2},
		{"too large, and again", []opening{large}, smbprobe.PhonebookTooLarge, 2},
		{"too large, then sound", []opening{large, good}, smbprobe.PhonebookOK, 2},
		{"refused at the open", []opening{denied}, smbprobe.PhonebookAccessDenied, 1},
		{"refused at the read, then sound", []opening{readDenied, good}, smbprobe.PhonebookOK, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tree := &fakeTree{openings: test.openings}
				r := newRun(readingProber(t), smbprobe.Target{Module: smbprobe.Module{Phonebook: smbprobe.PhonebookModule{Path: "book", MaxSize: 1 << 20}}}, newRecorder(usualTrace))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				begin := time.Now()
				err := r.readPhonebook(ctx, tree)
				got := r.result.Phonebook
				if got.State != test.want || tree.opened != test.opened {
					t.Errorf("%s (%s) after %d openings, expected %s after %d", got.State, got.Error, tree.opened, test.want, test.opened)
				}
				if pauses := time.Duration(test.opened-1) * pauseBeforeReread; time.Since(begin) != pauses {
					t.Errorf("took %s, expected %s", time.Since(begin), pauses)
				}
				if known := got.State == smbprobe.PhonebookOK || got.State == smbprobe.PhonebookDamaged; known != (got.Intact != nil) {
					t.Errorf("%s, and intact is known: %v", got.State, got.Intact != nil)
				}
				if (got.Error == "") != (got.State == smbprobe.PhonebookOK) {
					t.Errorf("%s: error %q", got.State, got.Error)
				}
				last := test.openings[min(test.opened, len(test.openings))-1]
				if lost := errors.Join(last.openErr, last.readErr); errors.Is(err, smb.ErrConnectionLost) != errors.Is(lost, smb.ErrConnectionLost) {
					t.Error(err)
				}
			})
		})
	}
}

// TestNoTimeToConfirm: damage that could not be looked at twice is not reported.
func TestNoTimeToConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := &fakeTree{openings: []opening{{data: "rubbish"}}}
		r := newRun(readingProber(t), smbprobe.Target{Module: smbprobe.Module{Phonebook: smbprobe.PhonebookModule{Path: "book", MaxSize: 1 << 20}}}, newRecorder(usualTrace))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_ = r.readPhonebook(ctx, tree)
		if diff := cmp.Diff(smbprobe.PhonebookUnknown, r.result.Phonebook.State); diff != "" || tree.opened != 1 {
			t.Error(diff, tree.opened)
		}
	})
}

// TestResultIsBounded: no book makes a result large.
func TestResultIsBounded(t *testing.T) {
	var book []byte
	for range 3000 {
		book = append(book, "[A]\r\nrubbish\r\n[\r\n=\r\nMEDIA=serial\r\n"...)
	}
	for i := range 1000 {
		book = append(book, "["+string(rune('a'+i%26))+string(rune('a'+i/26))+"]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\n"...)
	}
	r := newRun(readingProber(t), smbprobe.Target{Module: smbprobe.Module{Phonebook: smbprobe.PhonebookModule{Path: "book", MaxSize: 1 << 20}}}, newRecorder(usualTrace))
	got := r.readOnce(t.Context(), &fakeTree{openings: []opening{{data: string(book)}}}).result
	if len(got.Findings) != maxFindings || len(got.Links) != maxLinks || *got.Entries < 4000 {
		t.Errorf("%d findings, %d links, %d entries", len(got.Findings), len(got.Links), *got.Entries)
	}
}

// readingProber returns a prober that can read phone books.
func readingProber(t *testing.T) *Prober {
	t.Helper()
	hints, err := newHintCache()
	if err != nil {
		t.Fatal(err)
	}
	return &Prober{parsing: make(semaphore, maxParsing), hints: hints}
}
