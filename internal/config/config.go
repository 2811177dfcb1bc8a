// Package config reads the exporter's configuration, and decides from it which
// hosts may be probed, with which account and how. A Config exists only
// validated: from Load, Parse or ForHosts. It never changes after that, so any
// number of goroutines may use it.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// What Target's errors wrap.
var (
	ErrNotAllowed    = errors.New("target is not allowed by the configuration")
	ErrUnknownModule = errors.New("module is not in the configuration")
	ErrBadTarget     = errors.New("target is not a host")
	// ErrModuleNotAllowed is for a module that the configuration has, and not for this target.
	ErrModuleNotAllowed = errors.New("module is not one of this target's")
)

// DefaultModule is the name of the module of targets that name none.
const DefaultModule = "default"

// Config is a validated configuration.
type Config struct {
	path          string // of the configuration; empty: it is no file
	modules       map[string]smbprobe.Module
	allowed       allowList
	hosts         []Host
	warnings      []string
	passwordFiles []PasswordFile
	lockoutFile   lockoutFile
	auths         []string   // their names, sorted
	file          fileConfig // with all defaults filled in
}

// Host is one listed host.
type Host struct {
	Name   string // as the configuration spells it, with its port if it has one
	Module string // the first module of its target group, never empty
	Auth   string
	Labels map[string]string // not to be changed; nil if there are none
}

// Load reads a configuration file of at most 16 MiB, and the password files
// and environment variables that it names; env is os.LookupEnv. Its error is a *FileError,
// or lists all problems that were found, a line each, with file and line, and no password.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &FileError{path, err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &FileError{path, err}
	}
	return Parse(path, data, env)
}

// FileError is a configuration file that cannot be read.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	text := fmt.Sprintf("cannot read the configuration %s: %v", e.Path, bareError(e.Err))
	if info, err := os.Stat(e.Path); err == nil && info.IsDir() {
		text = e.Path + " is a folder; name the configuration in it"
	}
	if errors.Is(e.Err, fs.ErrPermission) {
		return text + "; let the user that the exporter runs as read it"
	}
	if similar := e.Similar(); similar != "" {
		text += "; there is " + similar + ": name it with --config.file"
	}
	return text
}

func (e *FileError) Unwrap() error { return e.Err }

// Similar returns a file that is there and may be meant: rasphone.yaml instead of
// rasphone.yml, or rasphone.yml in the folder that was named; empty if there is none. The
// error's text names it.
func (e *FileError) Similar() string {
	folder, name := filepath.Split(e.Path)
	isFolder := false
	if info, err := os.Stat(e.Path); err == nil && info.IsDir() {
		folder, name, isFolder = e.Path, "rasphone.yml", true
	}
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return ""
	}
	var files []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && (isFolder || entry.Name() != name) {
			files = append(files, entry.Name())
		}
	}
	if similar := Closest(name, files); similar != "" {
		return filepath.Join(folder, similar)
	}
	return ""
}

// Parse is Load for a file that has been read already. Password files are
// looked for relative to its folder.
func Parse(file string, data []byte, env func(string) (string, bool)) (*Config, error) {
	p := &problems{file: file}
	return build(decodeFile(data, p), p, env)
}

// Hosts returns the hosts in the order of the file.
func (c *Config) Hosts() []Host { return slices.Clone(c.hosts) }

// Auths returns the names of the auths, sorted.
func (c *Config) Auths() []string { return slices.Clone(c.auths) }

// Warnings returns what is allowed and yet not good, a line each, with file and
// line if they are known.
func (c *Config) Warnings() []string { return slices.Clone(c.warnings) }

// Masked returns the running configuration as YAML, every default filled in and
// every password masked.
func (c *Config) Masked() ([]byte, error) {
	out, err := yaml.Marshal(c.file)
	if err != nil {
		return nil, fmt.Errorf("write the configuration as YAML: %w", err)
	}
	return out, nil
}
