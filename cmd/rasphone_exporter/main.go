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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if version.Version == "" {
		version.Version = moduleVersion()
	}
	os.Exit(runProcess(ctx))
}

// moduleVersion is the version of a binary that was built without the Makefile's
// flags, by "go install" say; empty where the Go tool did not know it.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Version
}
