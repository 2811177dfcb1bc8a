package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// parallelProbes bounds the probes that run at a time.
const parallelProbes = 100

// probeAll probes in parallel, and hands each result over as it comes, with the
// target's place: never two at a time. It returns when no probe runs any more; an error
// of take ends those that do. A target whose turn comes after ctx ended is not probed.
func probeAll(ctx context.Context, probe func(context.Context, smbprobe.Target) *smbprobe.Result, targets []smbprobe.Target, take func(place int, r *smbprobe.Result) error) error {
	type result struct {
		place int
		*smbprobe.Result
	}
	places := make(chan int, len(targets))
	for i := range targets {
		places <- i
	}
	close(places)
	results := make(chan result, len(targets)) // holds all of them: no probe waits to hand one over
	var wait sync.WaitGroup
	defer wait.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(parallelProbes, len(targets)) {
		wait.Go(func() {
			for i := range places {
				if err := context.Cause(ctx); err != nil {
					results <- result{i, notProbed(targets[i], err)}
					continue
				}
				results <- result{i, probe(ctx, targets[i])}
			}
		})
	}
	for range targets {
		r := <-results
		if err := take(r.place, r.Result); err != nil {
			return err
		}
	}
	return nil
}

// notProbed is the result of a target that was not begun with.
func notProbed(t smbprobe.Target, why error) *smbprobe.Result {
	return &smbprobe.Result{
		Target: t.Name, Module: t.Module.Name, Auth: t.Auth.Name, Started: time.Now(),
		Share: smbprobe.ShareNotProbed, ShareError: fmt.Sprintf("interrupted before its turn came: %v", why),
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	}
}
