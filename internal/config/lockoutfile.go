package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	noLockoutFile   = "none" // in the configuration
	lockoutFileName = "lockout.json"

	maxPath = 4096 // bytes; PATH_MAX of Linux
)

// lockoutFile is where the lockout file is. Both fields are zero if there is to be none.
type lockoutFile struct {
	path string
	err  error // why no place for it is known
}

// LockoutFile returns the path of the file that keeps what is known of refused logins across
// restarts; empty if the configuration says none. It is an error if the configuration does
// not name it and there is no default: neither STATE_DIRECTORY nor a cache folder is set.
func (c *Config) LockoutFile() (string, error) { return c.lockoutFile.path, c.lockoutFile.err }

// MeansNone reports whether a path looks like none in another spelling.
func MeansNone(path string) bool {
	switch strings.ToLower(path) {
	case noLockoutFile, "no", "off", "false", "null", "nil", "disabled":
		return path != noLockoutFile
	}
	return false
}

// Reads reports whether a path leads to the configuration file or one of its password files.
func (c *Config) Reads(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	own, err := os.Stat(c.path)
	if err == nil && os.SameFile(info, own) {
		return true
	}
	return slices.ContainsFunc(c.passwordFiles, func(f PasswordFile) bool { return os.SameFile(info, f.info) })
}

// readLockoutFile decides where the lockout file is. The file itself is not touched.
func (b *builder) readLockoutFile(t text) lockoutFile {
	const at = "lockout_file"
	switch {
	case !t.given:
		return b.defaultLockoutFile()
	case t.value == noLockoutFile:
		return lockoutFile{}
	case strings.TrimSpace(t.value) == "":
		b.problems.addf(t.line, at, "is empty; write a path, or %s", noLockoutFile)
		return lockoutFile{}
	case MeansNone(t.value):
		b.problems.addf(t.line, at, "%s would be a file; write %s to keep none, or a path with a folder, as in ./%s", Quote(t.value), noLockoutFile, t.value)
		return lockoutFile{}
	case !isPrintable(t.value) || len(t.value) > maxPath:
		b.problems.addf(t.line, at, "has control characters, or more than %d bytes", maxPath)
		return lockoutFile{}
	case unexpanded(t.value) != "":
		b.problems.addf(t.line, at, "%s", unexpanded(t.value))
		return lockoutFile{}
	case os.IsPathSeparator(t.value[len(t.value)-1]):
		b.problems.addf(t.line, at, "%s is a folder; write the path of a file in it", Quote(t.value))
		return lockoutFile{}
	}
	path := b.besideFile(t.value)
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		b.problems.addf(t.line, at, "%s is there, and is not a regular file; write the path of a file of its own", Quote(t.value))
		return lockoutFile{}
	}
	// The lockout file is replaced as a whole.
	taken := path == filepath.Clean(b.problems.file)
	for _, f := range b.passwordFiles {
		taken = taken || path == filepath.Clean(f.path)
	}
	if taken {
		b.problems.addf(t.line, at, "%s is the configuration or a password file; write the path of a file of its own", Quote(t.value))
	}
	return lockoutFile{path: path}
}

// defaultLockoutFile is in the folder that systemd made for the service (systemd.exec(5),
// StateDirectory), or else in the user's cache folder.
func (b *builder) defaultLockoutFile() lockoutFile {
	if b.env != nil {
		if folders, _ := b.env("STATE_DIRECTORY"); folders != "" {
			first, _, _ := strings.Cut(folders, ":")
			return lockoutFile{path: filepath.Join(first, lockoutFileName)}
		}
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return lockoutFile{err: errors.New("no place for the lockout file: neither $STATE_DIRECTORY nor a cache folder is set; write lockout_file")}
	}
	return lockoutFile{path: filepath.Join(folder, "rasphone_exporter", lockoutFileName)}
}

// unexpanded describes a path that only a shell understands; empty if it is none.
func unexpanded(path string) string {
	switch {
	case strings.HasPrefix(path, "~/"), path == "~":
		return "begins with ~, which a shell would replace; write the whole path"
	case strings.HasPrefix(path, "$"), strings.HasPrefix(path, "%") && strings.Count(path, "%") > 1:
		return "begins with a variable, which a shell would replace; write the whole path"
	}
	return ""
}

// besideFile returns a path of the configuration as the process needs it: a relative one
// starts at the folder of the configuration file.
func (b *builder) besideFile(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(b.problems.file), path)
}
