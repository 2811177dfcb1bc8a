package prober

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// maxFindings bounds the findings that a Result holds; they are counted beyond it.
	maxFindings = 100
	// maxLinks bounds the links of entries that a Result holds.
	maxLinks = 200
)

// checkPhonebook parses and checks the content of the phone book, and adds what it finds to p.
func checkPhonebook(p *smbprobe.PhonebookResult, data []byte, o phonebook.Options) {
	book := phonebook.Parse(data)
	report := phonebook.Check(book, o)
	entries := len(book.Entries)
	intact := !report.Has(phonebook.ClassFile) && !report.Has(phonebook.ClassEntry)
	p.Entries, p.Intact = &entries, &intact
	p.Links, p.LinksTruncated = links(book)
	p.Switched = switched(book)
	p.Findings = report.Findings[:min(len(report.Findings), maxFindings)]
	p.Counts = report.Counts
	p.Dialed = report.Dialed
	if report.Has(phonebook.ClassFile) {
		p.State = smbprobe.PhonebookDamaged
		p.Error = report.Findings[0].String() // of class file: they come first
	}
}

// links returns the distinct links of a phone book, at most maxLinks.
func links(b *phonebook.Book) (all []smbprobe.Link, truncated bool) {
	seen := make(map[smbprobe.Link]bool)
	add := func(l smbprobe.Link) {
		if !seen[l] {
			seen[l] = true
			all = append(all, l)
		}
	}
	for _, e := range b.Entries {
		if len(e.Media) == 0 {
			add(smbprobe.Link{Entry: e.Name})
		}
		for _, m := range e.Media {
			l := smbprobe.Link{Entry: e.Name, Media: m.Type, Port: m.Port}
			if len(m.Devices) > 0 {
				l.Device = m.Devices[0].Type
			}
			add(l)
		}
		if len(all) > maxLinks {
			return all[:maxLinks], true
		}
	}
	return all, false
}

// switched returns the entries that have a DEVICE=switch group, at most maxLinks: they run
// a script.
func switched(b *phonebook.Book) []string {
	var all []string
	for _, e := range b.Entries {
		runsScript := slices.ContainsFunc(e.Media, func(m phonebook.Media) bool {
			return slices.ContainsFunc(m.Devices, func(d phonebook.Device) bool { return strings.EqualFold(d.Type, "switch") })
		})
		if runsScript && len(all) < maxLinks {
			all = append(all, e.Name)
		}
	}
	return all
}

const (
	// maxReads bounds how often the book is read in one probe.
	maxReads = 3
	// pauseBeforeReread gives a program that writes the book time to finish.
	pauseBeforeReread = time.Second
)

// reading is the outcome of one open and read.
type attempt struct {
	result smbprobe.PhonebookResult
	data   []byte
	file   smb.File // nil where it could not be opened
	err    error
}

// readPhonebook opens, reads and checks the phone book. What may be a moment's
// trouble is reported only when a second reading, over a fresh open a second
// later, shows the same: somebody holds the file, NTFS gives a false error on
// multiprocessors (Q259167), or a program is just writing it and readers see
// half of it (Q165946).
func (r *run) readPhonebook(ctx context.Context, tree smb.Tree) error {
	last := r.readOnce(ctx, tree)
	for reads := 1; last.needsConfirmation(); reads++ {
		r.log.logf("the phone book is %s (%s): to be confirmed", last.result.State, last.result.Error)
		if reads == maxReads {
			last.discard("it changed with each of %d readings: somebody is writing it", maxReads)
			break
		}
		if err := last.closeAndWait(ctx); err != nil {
			last.discard("a second reading was not possible: %v", err)
			break
		}
		next := r.readOnce(ctx, tree)
		confirmed := next.confirms(last)
		last = next
		if confirmed {
			break
		}
	}
	r.result.Phonebook = last.result
	return last.err
}

// readOnce opens the book, reads it and checks it. The file stays open: closing it at
// the end of the session costs no round trip of its own.
func (r *run) readOnce(ctx context.Context, tree smb.Tree) attempt {
	return r.readPhonebookAt(ctx, tree, r.target.Module.Phonebook.Path)
}

// readPhonebookAt is readOnce for another path.
func (r *run) readPhonebookAt(ctx context.Context, tree smb.Tree, path string) attempt {
	m := r.target.Module.Phonebook
	file, err := tree.Open(ctx, path)
	if err != nil {
		return attempt{result: phonebookFailed(err), err: err}
	}
	info := file.Info()
	n := attempt{file: file, result: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Size: &info.Size}}
	if !info.Modified.IsZero() {
		n.result.Modified = &info.Modified
	}
	switch {
	case info.Directory:
		n.result = smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing, Error: fmt.Sprintf("%s is a folder", path)}
	case info.Size > m.MaxSize:
		n.result.State = smbprobe.PhonebookTooLarge
		n.result.Error = fmt.Sprintf("%s has %d bytes, and max_size is %d", path, info.Size, m.MaxSize)
	default:
		if n.data, n.err = file.ReadAll(ctx); n.err != nil {
			failed := phonebookFailed(n.err)
			n.result.State, n.result.Status, n.result.Error = failed.State, failed.Status, failed.Error
			break
		}
		checkPhonebook(&n.result, n.data, phonebook.Options{DialedEntries: m.DialedEntries, NT4: r.isNT4()})
	}
	return n
}

// isNT4 reports whether the server said that it runs Windows NT 4.0 or older.
func (r *run) isNT4() bool {
	return r.result.Server != nil && strings.HasPrefix(r.result.Server.OS, "Windows NT")
}

func phonebookFailed(err error) smbprobe.PhonebookResult {
	return smbprobe.PhonebookResult{State: phonebookState(err), Status: smb.StatusOf(err), Error: err.Error()}
}

// doubtful reports whether a second reading may show something better.
func (n *attempt) needsConfirmation() bool {
	switch n.result.State {
	case smbprobe.PhonebookDamaged, smbprobe.PhonebookLocked, smbprobe.PhonebookDiskError:
		return true
	}
	return errors.Is(n.err, io.ErrUnexpectedEOF)
}

// confirms reports whether a reading shows what the one before showed. Damage is confirmed
// by the same bytes, size and time: they had them before the second
// reading and after it.
func (n *attempt) confirms(before attempt) bool {
	if n.result.State != before.result.State || errors.Is(n.err, io.ErrUnexpectedEOF) {
		return false
	}
	if n.result.State != smbprobe.PhonebookDamaged {
		return true
	}
	then, now := before.file.Info(), n.file.Info()
	return then.Size == now.Size && then.Modified.Equal(now.Modified) && bytes.Equal(before.data, n.data)
}

// unconfirmed takes back what the book seemed to be.
func (n *attempt) discard(format string, args ...any) {
	n.result = smbprobe.PhonebookResult{
		State:    smbprobe.PhonebookUnknown,
		Error:    fmt.Sprintf("it seemed %s (%s), but ", n.result.State, n.result.Error) + fmt.Sprintf(format, args...),
		Size:     n.result.Size,
		Modified: n.result.Modified,
	}
}

// closeAndWait closes the file and gives others a moment with it.
func (n *attempt) closeAndWait(ctx context.Context) error {
	if n.file != nil {
		if err := n.file.Close(ctx); err != nil {
			return err
		}
	}
	pause := pauseBeforeReread
	if deadline, ok := ctx.Deadline(); ok {
		pause = min(pause, time.Until(deadline)/4) // and leave time to read
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
