// Command rasphone_exporter is a Prometheus exporter for the RAS phone book that
// an Exchange 4.0, 5.0 or 5.5 server dials out with.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/prometheus/common/version"
)

func main() {
	ctx := untilSignal(context.Background(), os.Interrupt, syscall.SIGTERM)
	if version.Version == "" {
		version.Version = moduleVersion()
	}
	os.Exit(runProcess(ctx))
}

// untilSignal returns a context that the first of the signals ends. After that they have
// their usual effect again: the second one ends the process at once, whatever it waits for.
func untilSignal(parent context.Context, signals ...os.Signal) context.Context {
	ctx, cancel := context.WithCancel(parent)
	first := make(chan os.Signal, 1)
	signal.Notify(first, signals...)
	go func() { // ends with the process
		<-first
		signal.Stop(first) // before the cancellation, so that a signal after it is never lost
		cancel()
	}()
	return ctx
}

// moduleVersion is the version of a binary that was built without the Makefile's
// flags, by "go install" say; empty if the Go tool did not know it.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Version
}
