// Package example_test holds the examples against each other and against the code.
package example_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

const exporterPort = 10196 // the default of --web.listen-address

var update = flag.Bool("update", false, "write kubernetes/prometheusrule.yaml anew")

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
