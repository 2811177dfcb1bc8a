package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/rasphone-exporter/rasphone_exporter/internal/capture"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// captureFile takes down the conversations of probes.
type captureFile struct {
	file    *os.File
	capture *capture.Capture
}

// startCapture makes connections leave their conversation in a file that only its
// owner may read. An empty name: nothing is taken down.
func startCapture(name string, o *prober.Options) (*captureFile, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("--capture: %w", err)
	}
	if err := file.Chmod(0o600); err != nil { // also where the file was there
		return nil, errors.Join(fmt.Errorf("--capture: %w", err), file.Close())
	}
	c, err := capture.New(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--capture: %w", err), file.Close())
	}
	o.Dial = c.Dial((&net.Dialer{}).DialContext)
	return &captureFile{file: file, capture: c}, nil
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
