package prober

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newTestHintCache(t *testing.T) *hintCache {
	t.Helper()
	m, err := newHintCache()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemory(t *testing.T) {
	m := newTestHintCache(t)
	m.update("exch01", func(r *hints) { r.port, r.calledName = 139, "EXCH01" })
	m.update("exch01", func(r *hints) { r.smb2 = true })
	m.update("exch01", func(r *hints) { *r = hints{port: 445} })
	opts := cmp.AllowUnexported(hints{})
	if diff := cmp.Diff(hints{port: 445, smb2: true}, m.get("exch01"), opts); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(hints{}, m.get("exch02"), opts); diff != "" {
		t.Errorf("of another target (-want +got):\n%s", diff)
	}
}

// TestSMB2StaysSeen: probes of one target with two modules run side by side, and
// none of them makes the other forget that the target has spoken SMB2.
func TestSMB2StaysSeen(t *testing.T) {
	m := newTestHintCache(t)
	var other sync.WaitGroup
	m.update("exch01", func(r *hints) {
		other.Go(func() { m.update("exch01", func(r *hints) { r.smb2 = true }) })
		for range 1000 {
			runtime.Gosched() // the other one ends now, unless it has to wait
		}
		r.port = 445
	})
	other.Wait()
	if diff := cmp.Diff(hints{port: 445, smb2: true}, m.get("exch01"), cmp.AllowUnexported(hints{})); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newTestHintCache(t)
	for i := range maxHints + 10 {
		m.update(fmt.Sprint(i), func(r *hints) { r.port = 139 })
	}
	if got := m.targets.Len(); got != maxHints {
		t.Errorf("%d targets are hints, want %d", got, maxHints)
	}
}
