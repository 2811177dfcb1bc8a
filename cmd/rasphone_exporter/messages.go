package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// printError prints an error for a person: each of its lines with the program's name.
func printError(w io.Writer, err error) { printLines(w, "error", err.Error()) }

// printWarnings prints warnings in the same way.
func printWarnings(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		printLines(w, "warning", warning)
	}
}

func printLines(w io.Writer, kind, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(w, "%s: %s: %s\n", program, kind, strings.TrimSuffix(line, "\n"))
	}
}

// isFile reports whether a name that a user typed is a file here.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// bareError takes the path, which the message has already, out of an error of package os.
func bareError(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
