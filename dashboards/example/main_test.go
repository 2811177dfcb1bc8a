// Package example_test holds the examples against each other and against the code.
package example_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const exporterPort = 10196 // the default of --web.listen-address

var update = flag.Bool("update", false, "rewrite the rules and dashboards in kubernetes")

// belowLimit checks that the Go runtime's limit leaves a tenth of the memory limit at least.
func belowLimit(t *testing.T, goLimit, limit string) {
	t.Helper()
	g, l := bytesOf(t, goLimit), bytesOf(t, limit)
	if g > l*9/10 || g < l/2 {
		t.Errorf("GOMEMLIMIT %s with a memory limit of %s", goLimit, limit)
	}
}

// bytesOf takes the spellings of Go (MiB), Kubernetes (Mi), systemd (M) and Docker (m), all
// of which are powers of two here.
func bytesOf(t *testing.T, size string) int {
	t.Helper()
	digits := strings.TrimRight(size, "MmiB")
	n, err := strconv.Atoi(digits)
	if err != nil || digits == size {
		t.Fatalf("size %q", size)
	}
	return n << 20
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decode reads the documents of a YAML file, one after another, into values; more or
// fewer documents, and keys that a value does not know, are errors.
func decode(t *testing.T, file string, values ...any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(read(t, file)))
	d.KnownFields(true)
	for _, value := range values {
		if err := d.Decode(value); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	var more any
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		t.Errorf("%s: another document, or none that ends: %v, %v", file, more, err)
	}
}
