package prober

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func newTestHintCache(t *testing.T) *hintCache {
	t.Helper()
	c, err := newHintCache()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHints(t *testing.T) {
	c := newTestHintCache(t)
	c.update("exch01", func(h *hints) { h.port, h.calledName = 139, "EXCH01" })
	c.update("exch01", func(h *hints) { h.port = 445 })
	opts := cmp.AllowUnexported(hints{})
	if diff := cmp.Diff(hints{port: 445, calledName: "EXCH01"}, c.get("exch01"), opts); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(hints{}, c.get("exch02"), opts); diff != "" {
		t.Errorf("of another target (-want +got):\n%s", diff)
	}
}

func TestHintsAreBounded(t *testing.T) {
	c := newTestHintCache(t)
	for i := range maxHints + 10 {
		c.update(fmt.Sprint(i), func(h *hints) { h.port = 139 })
	}
	if got := c.targets.Len(); got != maxHints {
		t.Errorf("hints of %d targets, want %d", got, maxHints)
	}
}

func TestSMB2Targets(t *testing.T) {
	first := smbprobe.Target{Name: "exch01", Host: "exch01", Auth: smbprobe.Auth{Name: "corp"}}
	s := newSMB2Targets()
	s.add(first)
	for i := range maxHints + 10 {
		s.add(smbprobe.Target{Name: fmt.Sprint(i)})
	}
	if !s.has(first) {
		t.Error("other targets evicted the first one")
	}
	changed := first
	changed.Auth.Name = "other"
	if s.has(changed) {
		t.Error("a changed entry is remembered")
	}
	s.keep(map[string]bool{"exch02": true})
	if s.has(first) || len(s.entries) != 0 {
		t.Error("a target that is no longer configured is remembered")
	}
}
