package smbprobe

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// readPhonebook opens and reads the phone book. What may be a moment's trouble is
// tried once more over a fresh open before it is reported: somebody holds the
// file for a moment, NTFS reports damage falsely on multiprocessors
// (Q259167), or the file shrank while it was read.
func (r *run) readPhonebook(ctx context.Context, tree smb.Tree) error {
	file, err := r.readPhonebookOnce(ctx, tree)
	state := r.result.Phonebook.State
	if !errors.Is(err, io.ErrUnexpectedEOF) && state != PhonebookLocked && state != PhonebookDiskError {
		return err
	}
	r.log.logf("%v; once more", err)
	if file != nil {
		if err := file.Close(ctx); err != nil {
			return err
		}
	}
	_, err = r.readPhonebookOnce(ctx, tree)
	return err
}

// readPhonebookOnce leaves the file open, where it could be opened: closing it
// at the end of the session costs no round trip of its own.
func (r *run) readPhonebookOnce(ctx context.Context, tree smb.Tree) (smb.File, error) {
	m := r.target.Module.Phonebook
	file, err := tree.Open(ctx, m.Path)
	if err != nil {
		r.result.Phonebook = phonebookFailed(err)
		return nil, err
	}
	info := file.Info()
	book := PhonebookResult{State: PhonebookOK, Size: &info.Size}
	if !info.Modified.IsZero() {
		book.Modified = &info.Modified
	}
	switch {
	case info.Directory:
		book = PhonebookResult{State: PhonebookMissing, Error: fmt.Sprintf("%s is a folder", m.Path)}
	case info.Size > m.MaxSize:
		book.State = PhonebookTooLarge
		book.Error = fmt.Sprintf("%s has %d bytes, and max_size is %d", m.Path, info.Size, m.MaxSize)
	default:
		_, err = file.ReadAll(ctx)
		if err != nil {
			failed := phonebookFailed(err)
			book.State, book.Status, book.Error = failed.State, failed.Status, failed.Error
		}
	}
	r.result.Phonebook = book
	return file, err
}

func phonebookFailed(err error) PhonebookResult {
	return PhonebookResult{State: phonebookState(err), Status: smb.StatusOf(err), Error: err.Error()}
}
