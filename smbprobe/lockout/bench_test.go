package lockout

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
)

// BenchmarkLogin is one accepted login.
func BenchmarkLogin(b *testing.B) {
	for _, file := range []bool{false, true} {
		for _, n := range []int{1, 10_000} {
			b.Run(fmt.Sprintf("file=%t/targets=%d", file, n), func(b *testing.B) {
				opts := Options{rounds: 1}
				if file {
					opts.File = filepath.Join(b.TempDir(), "lockout.json")
				}
				g, targets := benchGuard(b, opts, n, "CORP")
				for i := 0; b.Loop(); i++ {
					release, err := g.Acquire(b.Context(), targets[i%n], "CORP")
					if err != nil {
						b.Fatal(err)
					}
					release(accepted())
				}
			})
		}
	}
}

// BenchmarkHeld is a login that is held back.
func BenchmarkHeld(b *testing.B) {
	g, targets := benchGuard(b, Options{rounds: 1, File: filepath.Join(b.TempDir(), "lockout.json")}, 100, "CORP")
	release, err := g.Acquire(b.Context(), targets[0], "CORP")
	if err != nil {
		b.Fatal(err)
	}
	release(refused())
	for b.Loop() {
		if _, err := g.Acquire(b.Context(), targets[0], "CORP"); err == nil {
			b.Fatal("not held back")
		}
	}
}

// BenchmarkTargets is the memory that a target takes.
func BenchmarkTargets(b *testing.B) {
	for _, domain := range []string{"CORP", ""} {
		b.Run(fmt.Sprintf("domain=%q", domain), func(b *testing.B) {
			const n = 10_000
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				g, targets := benchGuard(b, Options{rounds: 1}, n, domain)
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/target")
				runtime.KeepAlive(g)
				runtime.KeepAlive(targets)
			}
		})
	}
}

func benchGuard(b *testing.B, opts Options, n int, domain string) (*Guard, []Target) {
	b.Helper()
	g, err := New(opts)
	if err != nil {
		b.Fatal(err)
	}
	targets := make([]Target, n)
	for i := range targets {
		targets[i] = corp(fmt.Sprint("exch", i))
		targets[i].Domain = domain
	}
	if err := g.Configure(targets); err != nil {
		b.Fatal(err)
	}
	return g, targets
}
