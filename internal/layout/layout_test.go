// Package layout_test holds the direction of imports within the module.
package layout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/rasphone-exporter/rasphone_exporter"

// allowed are the packages of the module that each package may import, relative to the
// module; "..." matches everything below, and the package in front of it. A package that
// no row matches is an error. Of several rows that match, the longest counts.
var allowed = map[string][]string{
	"cmd/...":               {"..."},
	"smbprobe":              {"smbprobe/phonebook", "smbprobe/smb"},
	"smbprobe/diagnosis":    {"smbprobe", "smbprobe/phonebook", "smbprobe/raserror", "smbprobe/smb"},
	"smbprobe/lockout":      {"smbprobe", "internal/secret"},
	"smbprobe/dialfailures": {"smbprobe", "smbprobe/raserror"},
	"smbprobe/prober":       {"smbprobe/..."},
	"smbprobe/msrpc/...":    {"smbprobe/smb", "smbprobe/msrpc/...", "internal/secret"},
	"smbprobe/smb/...":      {"smbprobe/smb/...", "internal/secret"},
	"smbprobe/phonebook":    {"smbprobe/smb"},
	"smbprobe/raserror":     {},
	"collector":             {"smbprobe", "smbprobe/diagnosis", "smbprobe/phonebook", "smbprobe/raserror", "smbprobe/smb"},
	"internal/report":       {"smbprobe", "smbprobe/diagnosis", "smbprobe/phonebook", "smbprobe/raserror", "smbprobe/smb"},
	"internal/config":       {"smbprobe", "smbprobe/smb", "collector", "internal/secret"},
	"internal/web":          {"smbprobe", "smbprobe/diagnosis", "smbprobe/phonebook", "smbprobe/raserror", "collector", "internal/report", "internal/config"},
	"internal/simnt/...":    {"internal/simnt/..."},
	"internal/simnt/fleet":  {"internal/simnt/...", "smbprobe"},
	"internal/smbtest/...":  {"internal/smbtest/...", "internal/secret", "smbprobe/smb/...", "smbprobe/msrpc/..."},
	"internal/secret":       {},
	"internal/capture":      {},
	"internal/layout":       {},
	"internal/benchmarks":   {},
	"dashboards/...":        {},
}

// matches reports whether a pattern covers a package.
func matches(pattern, pkg string) bool {
	prefix, below := strings.CutSuffix(pattern, "...")
	if !below {
		return pattern == pkg
	}
	return strings.HasPrefix(pkg+"/", prefix)
}

// rowOf returns the imports that a package may have.
func rowOf(pkg string) (row []string, found bool) {
	longest := ""
	for pattern := range allowed {
		if matches(pattern, pkg) && len(pattern) > len(longest) {
			longest, row, found = pattern, allowed[pattern], true
		}
	}
	return row, found
}

func mayImport(row []string, pkg string) bool {
	for _, pattern := range row {
		if matches(pattern, pkg) {
			return true
		}
	}
	return false
}

// TestImports: test files are not counted.
func TestImports(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	list.Stderr = t.Output()
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for packages := json.NewDecoder(bytes.NewReader(output)); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		row, found := rowOf(name)
		if !found {
			t.Errorf("package %s has no row in the table of allowed imports", name)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "github.com/gopacket/") && name != "internal/smbtest/pcap" {
				t.Errorf("%s imports %s: it is for tests, and 3 MB of the program otherwise", name, imported)
			}
			inModule, ok := strings.CutPrefix(imported, module)
			if inModule = strings.TrimPrefix(inModule, "/"); ok && !mayImport(row, inModule) {
				t.Errorf("%s imports %s, which the table does not allow", name, inModule)
			}
			if imported == module+"/smbprobe/prober" && !strings.HasPrefix(name, "cmd/") {
				t.Errorf("%s imports smbprobe/prober: only cmd may", name)
			}
		}
	}
	if seen < 20 {
		t.Errorf("go list printed %d packages: too few to be the module", seen)
	}
}

// TestImportsAreToldApart: the table would let nothing through by accident.
func TestImportsAreToldApart(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"smbprobe", "smbprobe/smb", true},
		{"smbprobe", "smbprobe/diagnosis", false},
		{"smbprobe/diagnosis", "smbprobe/prober", false},
		{"smbprobe/msrpc/eventlog", "smbprobe/msrpc/ndr", true},
		{"smbprobe/msrpc/eventlog", "smbprobe", false},
		{"smbprobe/smb/smb1", "smbprobe/smb/ntlm", true},
		{"smbprobe/smb/smb1", "smbprobe/msrpc", false},
		{"internal/simnt", "smbprobe/smb", false},
		{"internal/simnt/fleet", "smbprobe", true},
		{"cmd/rasphone_exporter", "internal/web", true},
		{"dashboards/example", "smbprobe", false},
	} {
		row, found := rowOf(tt.from)
		if got := found && mayImport(row, tt.to); got != tt.want {
			t.Errorf("%s imports %s: allowed %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
}
