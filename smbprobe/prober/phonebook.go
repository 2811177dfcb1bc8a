package prober

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

const (
	// maxFindings is how many findings a Result lists; Counts has all of them.
	maxFindings = 100
	// maxParsing is how many phone books are parsed at a time: a damaged one of the
	// largest size takes four times its size.
	maxParsing = 4
	// maxLinks is how many links of entries a Result lists.
	maxLinks = 200
)

// checkPhonebook parses and checks the content of the phone book, and adds what it finds to p.
func checkPhonebook(p *smbprobe.PhonebookResult, data []byte, o phonebook.Options) {
	book := phonebook.Parse(data)
	report := phonebook.Check(book, o)
	entries := book.EntryCount
	intact := !report.Has(phonebook.ClassFile) && !report.Has(phonebook.ClassEntry)
	p.Entries, p.Intact = &entries, &intact
	p.Links, p.LinksTruncated = links(book)
	if !p.LinksTruncated {
		p.Modems = modems(book)
	}
	p.Switched = switched(book)
	p.Text, p.TextTruncated = book.MaskedText(smbprobe.MaxPhonebookText)
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
	for e := range b.Entries() {
		hasMedia := false
		for m := range e.Media() {
			hasMedia = true
			// Copies: a part of the phone book would keep all of it in memory.
			l := smbprobe.Link{Entry: strings.Clone(e.Name), Media: strings.Clone(m.Type), Port: strings.Clone(m.Port)}
			for d := range m.Devices() {
				l.Device = strings.Clone(d.Type)
				break
			}
			if add(l); len(all) > maxLinks {
				return all[:maxLinks], true
			}
		}
		if !hasMedia {
			add(smbprobe.Link{Entry: strings.Clone(e.Name)})
		}
		if len(all) > maxLinks {
			return all[:maxLinks], true
		}
	}
	return all, false
}

// modems returns the devices that each entry names. Links do not tell two modems at one port
// apart.
func modems(b *phonebook.Book) map[string][]string {
	all := make(map[string][]string)
	for e := range b.Entries() {
		for m := range e.Media() {
			name := strings.Clone(e.Name) // the file would stay in memory with the result
			all[name] = append(all[name], strings.Clone(m.DeviceName))
		}
	}
	return all
}

// switched returns the entries that have a DEVICE=switch group, at most maxLinks: they run
// a script.
func switched(b *phonebook.Book) []string {
	var all []string
	for e := range b.Entries() {
		if len(all) == maxLinks {
			break
		}
		if e.HasSwitch() {
			all = append(all, strings.Clone(e.Name))
		}
	}
	return all
}

const (
	// maxReads is how often the phone book is read in one probe.
	maxReads = 3
	// pauseBeforeReread gives a program that is writing the phone book time to finish.
	pauseBeforeReread = time.Second
)

// semaphore limits how many goroutines do something at a time.
type semaphore chan struct{}

func (s semaphore) acquire(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s semaphore) release() { <-s }

// attempt is the outcome of one open and read.
type attempt struct {
	result smbprobe.PhonebookResult
	data   []byte
	file   smb.File // nil if it could not be opened
	err    error
}

// readPhonebook opens, reads and checks the phone book. What may be a passing fault is
// reported only if a second attempt, with a new open a second later, shows the same: a
// program may have the file open, NTFS may return a false error on multiprocessors
// (Q259167), or a program may be writing the file while readers see half of it (Q165946).
func (r *run) readPhonebook(ctx context.Context, tree smb.Tree) error {
	last := r.readOnce(ctx, tree)
	for reads := 1; last.needsConfirmation(); reads++ {
		r.log.logf("the phone book is %s (%s): to be confirmed", last.result.State, last.result.Error)
		if reads == maxReads {
			last.discard("it changed with each of %d readings: a program is writing it", maxReads)
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

// readOnce opens, reads and checks the phone book. The file stays open: closing it at the
// end of the session costs no round trip of its own.
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
		if n.err = r.prober.parsing.acquire(ctx); n.err != nil {
			n.result.State, n.result.Error = smbprobe.PhonebookUnknown, fmt.Sprintf("read, but not checked: %v", n.err)
			break
		}
		defer r.prober.parsing.release()
		r.checkPhonebook(&n, path, phonebook.Options{DialedEntries: m.DialedEntries, NT4: r.isNT4()})
	}
	return n
}

// bookSeed is of the hashes of phone books.
var bookSeed = maphash.MakeSeed()

// knownBook is a phone book that was checked, and nothing wrong with the file. Parsing and
// masking it takes a fifth of a probe's processor time, and it seldom changes.
type knownBook struct {
	path    string
	sum     uint64 // of its bytes
	options phonebook.Options
	result  smbprobe.PhonebookResult
}

func (k *knownBook) is(path string, sum uint64, o phonebook.Options) bool {
	return k != nil && k.path == path && k.sum == sum && k.options.NT4 == o.NT4 && slices.Equal(k.options.DialedEntries, o.DialedEntries)
}

// checkPhonebook checks what was read, unless the last probe of the target read the same, or
// another target has the same phone book: then the two share what is kept of it.
func (r *run) checkPhonebook(n *attempt, path string, o phonebook.Options) {
	sum := maphash.Bytes(bookSeed, n.data)
	known := r.prober.hints.get(r.target.Name).book
	isNew := !known.is(path, sum, o)
	if isNew {
		known, _ = r.prober.hints.books.Get(sum)
	}
	if known.is(path, sum, o) {
		size, modified := n.result.Size, n.result.Modified
		n.result = known.result
		n.result.Size, n.result.Modified = size, modified
	} else {
		checkPhonebook(&n.result, n.data, o)
		if n.result.State != smbprobe.PhonebookOK {
			return
		}
		known = &knownBook{path, sum, o, n.result}
		r.prober.hints.books.Add(sum, known)
	}
	if isNew {
		r.prober.hints.update(r.target.Name, func(h *hints) { h.book = known })
	}
}

// isNT4 reports whether the server announced that it runs Windows NT 4.0 or older.
func (r *run) isNT4() bool {
	return r.result.Server != nil && strings.HasPrefix(r.result.Server.OS, "Windows NT")
}

// isWindows reports whether the server announced that it runs Windows: "Windows NT 4.0",
// "Windows 5.0". Samba announces "Windows 6.1" too, and itself as the LAN manager, which
// SMB2 lacks: there it cannot be told from Windows.
func (r *run) isWindows() bool {
	s := r.result.Server
	return s != nil && s.Dialect == smb1.Dialect && strings.HasPrefix(s.OS, "Windows") && !strings.HasPrefix(s.LANManager, "Samba")
}

func phonebookFailed(err error) smbprobe.PhonebookResult {
	return smbprobe.PhonebookResult{State: phonebookState(err), Status: smb.StatusOf(err), Error: errorText(err)}
}

// needsConfirmation reports whether a second attempt may show something better.
func (n *attempt) needsConfirmation() bool {
	switch n.result.State {
	case smbprobe.PhonebookDamaged, smbprobe.PhonebookLocked, smbprobe.PhonebookDiskError:
		return true
	case smbprobe.PhonebookMissing, smbprobe.PhonebookTooLarge, smbprobe.PhonebookAccessDenied:
		// It was opened, and only what the answer says besides makes it a folder or too large,
		// or a read was refused, which happens at the open otherwise.
		return n.file != nil
	}
	return n.shrank()
}

// shrank reports whether the file ended before its announced size. A lost connection ends
// a read with the same error, but a second attempt cannot succeed on it.
func (n *attempt) shrank() bool {
	return errors.Is(n.err, io.ErrUnexpectedEOF) && !errors.Is(n.err, smb.ErrConnectionLost)
}

// confirms reports whether an attempt shows the same as the previous one. Damage is
// confirmed by the same bytes, size and time, so that the file did not change between
// the two.
func (n *attempt) confirms(before attempt) bool {
	if n.result.State != before.result.State || n.shrank() {
		return false
	}
	if n.result.State != smbprobe.PhonebookDamaged {
		return true
	}
	then, now := before.file.Info(), n.file.Info()
	return then.Size == now.Size && then.Modified.Equal(now.Modified) && bytes.Equal(before.data, n.data)
}

// discard takes back what the phone book seemed to be.
func (n *attempt) discard(format string, args ...any) {
	n.result = smbprobe.PhonebookResult{
		State:    smbprobe.PhonebookUnknown,
		Error:    fmt.Sprintf("it seemed %s (%s), but ", n.result.State, n.result.Error) + fmt.Sprintf(format, args...),
		Size:     n.result.Size,
		Modified: n.result.Modified,
	}
}

// closeAndWait closes the file and leaves it to other programs for a moment.
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
	return wait(ctx, pause)
}
