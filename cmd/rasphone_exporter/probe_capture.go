package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/rasphone-exporter/rasphone_exporter/internal/capture"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// captureFile records the conversations of probes.
type captureFile struct {
	file    *os.File
	capture *capture.Capture
}

// startCapture makes connections record their conversation in a file. An empty name:
// nothing is recorded.
func startCapture(name string, o *prober.Options) (*captureFile, error) {
	if name == "" {
		return nil, nil
	}
	if name == "-" {
		return nil, errors.New("--capture: a capture is not written to standard output; write the path of a file")
	}
	file, err := openCapture(name)
	if err != nil {
		return nil, fmt.Errorf("--capture: %w", err)
	}
	c, err := capture.New(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--capture: %w", err), file.Close())
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	o.Dial = c.Dial(o.Dial)
	return &captureFile{file: file, capture: c}, nil
}

// openCapture makes a file that only its owner may read, or empties one that is there, whose
// mode stays. It follows no link, which may lead to a file that the operator did not mean.
func openCapture(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if !errors.Is(err, fs.ErrExist) {
		return file, err
	}
	before, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is there, and is not a regular file; name a new file", name)
	}
	if file, err = os.OpenFile(name, os.O_WRONLY, 0); err != nil { //nolint:gosec // the same
		return nil, err
	}
	opened, err := file.Stat()
	switch {
	case err != nil:
	case !os.SameFile(before, opened):
		err = fmt.Errorf("%s was replaced while it was opened; name another file", name)
	default:
		err = file.Truncate(0)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// close ends the file. What could not be written is an error: a capture that lacks a
// part misleads.
func (c *captureFile) close() error {
	if c == nil {
		return nil
	}
	if err := errors.Join(c.capture.Close(), c.file.Close()); err != nil {
		return fmt.Errorf("--capture %s: %w", c.file.Name(), err)
	}
	return nil
}
