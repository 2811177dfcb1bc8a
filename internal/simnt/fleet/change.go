package fleet

import (
	"context"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

// stepInterval is how often Change looks at the clock.
const stepInterval = 5 * time.Second

// Change lets time pass on servers until ctx ends: they log what happens, and some go from
// state to state.
func Change(ctx context.Context, servers []Server, now func() time.Time) {
	ticker := time.NewTicker(stepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			Step(servers, now())
		case <-ctx.Done():
			return
		}
	}
}

// Step brings servers to where they are at a time, which is not before the one of the last call.
// It must not be called from several goroutines at once.
func Step(servers []Server, now time.Time) {
	for _, s := range servers {
		s.diary.write(now)
		if s.later != nil {
			s.later(now)
		}
	}
}

const (
	// shareTurn is how long a share is there that comes and goes, and how long it is not.
	shareTurn = 3 * time.Minute
	// bookTurn is how often a book is written anew.
	bookTurn = 2 * time.Minute
)

// flapShare removes the share and brings it back, turn by turn.
func flapShare(h *simnt.Host, begun time.Time) func(time.Time) {
	there := true
	return func(now time.Time) {
		want := now.Sub(begun)/shareTurn%2 == 0
		switch {
		case there && !want:
			h.RemoveShare(adminShare)
		case !there && want:
			h.RestoreShare(adminShare)
		}
		there = want
	}
}

// rewriteBook writes the book anew, turn by turn with one entry more or less.
func rewriteBook(h *simnt.Host, begun time.Time) func(time.Time) {
	var written time.Duration
	return func(now time.Time) {
		turn := now.Sub(begun) / bookTurn
		if turn == written {
			return
		}
		written = turn
		entries := []string{entryName}
		if turn%2 == 1 {
			entries = append(entries, spareEntryName)
		}
		h.WriteFile(bookPath, book(entries...), now)
	}
}
