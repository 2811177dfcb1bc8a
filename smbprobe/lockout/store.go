package lockout

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// lockPatience bounds the wait for another process that has the lock; it takes
	// milliseconds unless that process was stopped.
	lockPatience = 5 * time.Second
	lockPoll     = 5 * time.Millisecond

	maxLinks = 8 // symbolic links, one to the next
)

// store is where the content of the file is.
type store interface {
	// lock keeps other processes from changing the content. The error is errLocked if
	// one of them does not unlock it.
	lock() (unlock func(), err error)
	// read returns the content, and fs.ErrNotExist if there is none.
	read() ([]byte, error)
	// replace replaces the content atomically. If durable, that is so even if the
	// operating system crashes.
	replace(content []byte, durable bool) error
}

// diskStore is a file. A symbolic link to one stays a link.
type diskStore struct {
	path     string
	patience time.Duration
}

// file returns the file that the path leads to, which need not be there.
func (s *diskStore) file() (string, error) {
	path := s.path
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link: whatever is there, or nothing
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", fmt.Errorf("lockout file %s: more than %d symbolic links", s.path, maxLinks)
}

func (s *diskStore) lock() (release func(), err error) {
	path, err := s.file()
	if err != nil {
		return nil, err
	}
	path += ".lock"
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("lock %s: %w", path, errNotRegular) // opening a pipe would not return
	}
	f, err := openLockFile(path)
	if err != nil {
		return nil, fmt.Errorf("lock the lockout file: %w", err)
	}
	for deadline := time.Now().Add(s.patience); ; time.Sleep(lockPoll) {
		locked, err := tryLock(f)
		if locked {
			return func() { unlock(f) }, nil
		}
		if err == nil && time.Now().After(deadline) {
			err = errLocked
		}
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// openLockFile opens the file that is locked, or makes it.
func openLockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := giveToOwner(f, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *diskStore) read() ([]byte, error) {
	path, err := s.file()
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("read the lockout file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("lockout file %s: %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the lockout file: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read the lockout file %s: %w", path, err)
	}
	return content, nil
}

func (s *diskStore) replace(content []byte, durable bool) (err error) {
	path, err := s.file()
	if err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("lockout file %s: %w", path, errNotRegular)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write the lockout file: %w", err)
	}
	// Writers have the lock, so a file of that name is left over from a crash.
	temp := path + ".tmp"
	_ = os.Remove(temp)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the lockout file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp)
			err = fmt.Errorf("write the lockout file: %w", err)
		}
	}()
	err = giveToOwner(f, path)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
