package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// maxPassword bounds a password, in bytes.
const maxPassword = 1024

// PasswordFile is a password file as it was when it was last looked at.
type PasswordFile struct {
	path string
	info fs.FileInfo
}

// Changed reports whether the file has been written or replaced since, and returns it as it
// is now. It does not read the file. A file that is missing, as in the middle of being
// replaced, has not changed.
func (f PasswordFile) Changed() (now PasswordFile, changed bool) {
	info, err := os.Stat(f.path)
	if err != nil || os.SameFile(f.info, info) && f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) {
		return f, false
	}
	return PasswordFile{f.path, info}, true
}

// PasswordFiles returns the password files that the configuration was read with, as they
// were before they were read.
func (c *Config) PasswordFiles() []PasswordFile { return slices.Clone(c.passwordFiles) }

// readPasswordFile reads a password from a regular file, one newline at its end
// cut. Its errors name neither the file nor what is in it: the place in the
// configuration is enough to find the file, and its name may be the password, written
// at the wrong key.
func readPasswordFile(path string) (password secret.Secret, file PasswordFile, err error) {
	// Stat before open: to open a named pipe would wait for its other end.
	info, err := os.Stat(path)
	if err != nil {
		return secret.Secret{}, file, fmt.Errorf("cannot read this file: %w", bareError(err))
	}
	file = PasswordFile{path, info}
	if !info.Mode().IsRegular() {
		if info.IsDir() {
			return secret.Secret{}, file, errors.New("is a folder; write the path of a file in it")
		}
		return secret.Secret{}, file, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return secret.Secret{}, file, fmt.Errorf("cannot read this file: %w; let the user that the exporter runs as read it", bareError(err))
	}
	if err != nil {
		return secret.Secret{}, file, fmt.Errorf("cannot read this file: %w", bareError(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPassword+3)) // and a newline, and one more to see that it is too long
	if err != nil {
		return secret.Secret{}, file, fmt.Errorf("cannot read this file: %w", bareError(err))
	}
	if cut, ok := bytes.CutSuffix(data, []byte("\n")); ok {
		data = bytes.TrimSuffix(cut, []byte("\r"))
	}
	password = secret.New(string(data))
	return password, file, checkPassword(password)
}

// bareError takes the path out of an error of package os.
func bareError(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// checkPassword refuses what cannot be meant. A login with a wrong password
// counts towards locking the account, so it is better not to try.
func checkPassword(password secret.Secret) error {
	text := password.Reveal()
	switch {
	case text == "":
		return errors.New("holds no password")
	case len(text) > maxPassword:
		return fmt.Errorf("holds more than the %d bytes that a password may have", maxPassword)
	case strings.HasPrefix(text, "\uFEFF"):
		return errors.New("begins with a byte order mark; save it as UTF-8 without one")
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"), strings.ContainsRune(text, 0):
		return errors.New("holds UTF-16 text; save it as UTF-8 without a byte order mark")
	case !utf8.ValidString(text):
		return errors.New("holds text that is not UTF-8; save it as UTF-8")
	case strings.ContainsAny(text, "\r\n"):
		return errors.New("holds more than one line; leave the password alone, on one line")
	case !isPrintable(text):
		return errors.New("holds control characters; leave the password alone, on one line")
	}
	return nil
}

// ReadPasswordFile reads the password file that the command line names, as the
// configuration's password files are read. Its error does not show the path, which may be the
// password itself.
func ReadPasswordFile(path string) (secret.Secret, error) {
	password, _, err := readPasswordFile(path)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("--password-file: %w", err)
	}
	return password, nil
}
