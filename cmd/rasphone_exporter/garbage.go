package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Garbage may take 60 % of what is in use, instead of Go's 100: with many targets most of the
// memory is results that stay. With few targets that would be a collection every few scrapes,
// a fifth of the processor time of each; so it may take 32 MiB in any case.
const (
	minGarbage    = 32 << 20
	minGCPercent  = 60
	mostGCPercent = 800 // Go's smallest heap is 4 MiB: 32 MiB of garbage
)

// gcPercent returns how much garbage there may be, in percent of the live heap's bytes.
func gcPercent(live uint64) int {
	if live == 0 {
		return mostGCPercent
	}
	return int(min(max(minGarbage*100/live, minGCPercent), mostGCPercent))
}

// boundGarbage sets the percentage now and after each garbage collection until ctx ends, unless
// the environment variable GOGC sets one.
func boundGarbage(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		setGCPercent(ctx)
	}
}

func setGCPercent(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(gcPercent(live[0].Value.Uint64()))
	type untilCollected struct{ _ *byte } // with a pointer, so that it is collected by itself
	runtime.AddCleanup(new(untilCollected), setGCPercent, ctx)
}
