package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// numbered returns targets that are named by their places.
func numbered(n int) []smbprobe.Target {
	targets := make([]smbprobe.Target, n)
	for i := range targets {
		targets[i].Name = fmt.Sprint(i)
	}
	return targets
}

func resultOf(target string, share smbprobe.ShareState) *smbprobe.Result {
	r := &smbprobe.Result{Target: target, Share: share, Success: true, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK}}
	r.Causes = diagnosis.Causes(r)
	return r
}

func TestProbeAll(t *testing.T) {
	const targets = 3 * parallelProbes
	running := make(chan struct{}, parallelProbes) // a probe that finds it full is one too many
	got := make([]string, targets)
	err := probeAll(t.Context(), func(_ context.Context, target smbprobe.Target) *smbprobe.Result {
		select {
		case running <- struct{}{}:
			defer func() { <-running }()
			return resultOf(target.Name, smbprobe.ShareOK)
		default:
			return resultOf("too many at a time", smbprobe.ShareOK)
		}
	}, numbered(targets), func(place int, r *smbprobe.Result) error {
		got[place] += r.Target
		return nil
	})
	want := make([]string, targets)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestProbeAllEndsAtAnError: the probes under way are ended and waited for.
func TestProbeAllEndsAtAnError(t *testing.T) {
	full := errors.New("disk full")
	ended := make(chan struct{}, 2)
	err := probeAll(t.Context(), func(ctx context.Context, target smbprobe.Target) *smbprobe.Result {
		if target.Name != "1" {
			<-ctx.Done()
			ended <- struct{}{}
		}
		return resultOf(target.Name, smbprobe.ShareOK)
	}, numbered(3), func(int, *smbprobe.Result) error { return full })
	if !errors.Is(err, full) || len(ended) != 2 {
		t.Errorf("%v, and %d of 2 probes ended", err, len(ended))
	}
}

// TestProbeAllInterrupted: targets whose turn has not come are not probed, and unknown.
func TestProbeAllInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	const targets = 3 * parallelProbes
	states := map[smbprobe.ShareState]int{}
	err := probeAll(ctx, func(ctx context.Context, target smbprobe.Target) *smbprobe.Result {
		interrupt()
		<-ctx.Done()
		return resultOf(target.Name, smbprobe.ShareOK)
	}, numbered(targets), func(_ int, r *smbprobe.Result) error {
		states[r.Share]++
		if r.Share == smbprobe.ShareNotProbed && r.Verdict() != smbprobe.VerdictUnknown {
			t.Errorf("verdict %s", r.Verdict())
		}
		return nil
	})
	begun, notProbed := states[smbprobe.ShareOK], states[smbprobe.ShareNotProbed]
	if err != nil || begun > parallelProbes || begun+notProbed != targets {
		t.Errorf("%v, %d were begun and %d not, of %d", err, begun, notProbed, targets)
	}
}

// TestInterruptedProbeIsUnknown: it says nothing of the server, and exits as the plugins do.
func TestInterruptedProbeIsUnknown(t *testing.T) {
	t.Setenv(passwordVariable, "hunter2")
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out, errOut bytes.Buffer
	status := run(ctx, []string{"probe", "--username=u", "10.1.2.3", "10.1.2.4"}, strings.NewReader(""), &out, &errOut)
	if status != int(smbprobe.VerdictUnknown) || strings.Count(out.String(), "UNKNOWN 10.1.2.") != 2 {
		t.Errorf("exit status %d\n%s\n%s", status, &out, &errOut)
	}
}

func TestProbeOutputOrder(t *testing.T) {
	var out, progressed bytes.Buffer
	o := newProbeOutput(streams{out: &out, err: io.Discard}, outputText, 3)
	o.progress = progress{w: &progressed, on: true, of: 3}
	printed := func() (heads string) {
		for line := range strings.Lines(out.String()) {
			if head, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, " ") {
				heads += head + ", "
			}
		}
		return heads
	}
	for _, take := range []struct {
		place    int
		target   string
		share    smbprobe.ShareState
		printed  string
		progress string
	}{
		{2, "c", smbprobe.ShareOK, "", "probed 1 of 3: c OK"},
		{0, "a", smbprobe.ShareTimeout, "CRITICAL a, Cause, ", "\r\x1b[Kprobed 2 of 3: a CRITICAL"},
		{1, "b", smbprobe.ShareGuestOnly, "CRITICAL a, Cause, WARNING b, Cause, OK c, ", "\r\x1b[K"},
	} {
		progressed.Reset()
		if err := o.take(take.place, resultOf(take.target, take.share)); err != nil {
			t.Fatal(err)
		}
		if printed() != take.printed || progressed.String() != take.progress {
			t.Errorf("after %s: printed %q, progress %q", take.target, printed(), &progressed)
		}
	}
	before := out.String()
	if err := o.end(); err != nil || out.String() != before {
		t.Errorf("%v; the end prints:\n%s", err, strings.TrimPrefix(out.String(), before))
	}
	if worst := smbprobe.WorstVerdict(o.verdicts...); worst != smbprobe.VerdictCritical {
		t.Error(worst)
	}
}

func TestProbeOutputJSON(t *testing.T) {
	var out, progressed bytes.Buffer
	o := newProbeOutput(streams{out: &out, err: &progressed}, outputJSON, 2)
	for _, place := range []int{1, 0} {
		if err := o.take(place, resultOf(fmt.Sprint(place), smbprobe.ShareOK)); err != nil || out.Len() > 0 {
			t.Fatal(err, &out)
		}
	}
	if err := o.end(); err != nil {
		t.Fatal(err)
	}
	var all []report.Probe
	if err := json.Unmarshal(out.Bytes(), &all); err != nil || len(all) != 2 || all[0].Target != "0" || all[1].Target != "1" {
		t.Errorf("%v\n%s", err, &out)
	}
	if progressed.Len() > 0 {
		t.Errorf("progress without a terminal: %q", &progressed)
	}
}
