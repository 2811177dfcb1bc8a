//go:build unix

package lockout

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestOwner: the files belong to the owner of their folder, even if root runs a probe, so
// that the exporter can still read them. Without root's rights there is one owner anyway.
func TestOwner(t *testing.T) {
	folder := t.TempDir()
	want := os.Geteuid()
	if want == 0 {
		want = 65534
		if err := os.Chown(folder, want, want); err != nil {
			t.Fatal(err)
		}
	}
	s := &diskStore{path: filepath.Join(folder, "lockout.json"), patience: time.Second}
	for range 2 { // made, then replaced
		unlock, err := s.lock()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.replace([]byte("{}"), false); err != nil {
			t.Error(err)
		}
		unlock()
		for _, path := range []string{s.path, s.path + ".lock"} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != want {
				t.Errorf("%s belongs to %d, want %d", path, owner, want)
			}
		}
	}
}
