package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The passwords of the tests: no output may have a part of one.
const (
	filePassword = "hunter2-file"
	envPassword  = "hunter2-env"
	anyPassword  = "hunter2"
)

func updateGolden() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	os.Exit(m.Run())
}

// testEnv is an environment with one variable.
func testEnv(name string) (string, bool) {
	if name == "OLD_PASSWORD" {
		return envPassword, true
	}
	return "", false
}

// writeFile writes a file of a test with the mode given, whatever the umask is.
func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// loadExample loads testdata/rasphone.yml from a folder of its own.
func loadExample(t *testing.T) (c *Config, dir string) {
	t.Helper()
	data, err := os.ReadFile("testdata/rasphone.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "rasphone.yml"), string(data), 0o600)
	writeFile(t, filepath.Join(dir, "corp.password"), filePassword+"\n", 0o600)
	c, err = Load(filepath.Join(dir, "rasphone.yml"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c, dir
}

// parse parses a configuration that is right.
func parse(t testing.TB, yaml string) *Config {
	t.Helper()
	c, err := Parse("rasphone.yml", []byte(yaml), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// parseErrors parses a configuration that is wrong, and gives its errors, one a line.
func parseErrors(t *testing.T, yaml string) []string {
	t.Helper()
	c, err := Parse("rasphone.yml", []byte(yaml), testEnv)
	if err == nil {
		t.Fatalf("no error for:\n%s", yaml)
	}
	if c != nil {
		t.Error("a Config together with an error")
	}
	if strings.Contains(err.Error(), anyPassword) {
		t.Errorf("the error has the password in it: %v", err)
	}
	return strings.Split(err.Error(), "\n")
}

// golden compares with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if updateGolden() {
		writeFile(t, path, string(got), 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", path, diff)
	}
}
