//go:build !windows

package main

import (
	"context"
	"os"
)

// runProcess runs the program until it is done or ctx ends, and returns its exit
// status. Service managers other than that of Windows start and stop it with signals.
func runProcess(ctx context.Context) int {
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
