package prober

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestRecorderTimesSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(usualTrace)
		started := time.Now()
		step := func(s smbprobe.Step, d time.Duration, err error) {
			if got := r.step(s, func() error { time.Sleep(d); return err }); !errors.Is(got, err) {
				t.Errorf("step %s returned %v, want %v", s, got, err)
			}
		}
		step(smbprobe.StepConnect, time.Second, nil)
		step(smbprobe.StepShare, 2*time.Second, errors.New("connection lost"))
		r.logf("once more")
		step(smbprobe.StepConnect, 3*time.Second, nil)
		step(smbprobe.StepShare, 4*time.Second, nil)
		got := new(smbprobe.Result)
		r.finish(got)
		lines := got.Trace.Lines()
		got.Trace = nil
		want := &smbprobe.Result{
			Started: started, Duration: 10 * time.Second,
			Steps: []smbprobe.StepResult{{Step: smbprobe.StepConnect, Duration: 4 * time.Second}, {Step: smbprobe.StepShare, Start: time.Second, Duration: 6 * time.Second}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{" 3000.000 ms  share: connection lost", " 3000.000 ms  once more"}, lines); diff != "" {
			t.Errorf("trace (-want +got):\n%s", diff)
		}
	})
}

func TestStepKeepsItsError(t *testing.T) {
	r := newRecorder(usualTrace)
	err := r.step(smbprobe.StepLogin, func() error { return errors.New("refused") })
	got := new(smbprobe.Result)
	r.finish(got)
	if err == nil || len(got.Steps) != 1 || got.Steps[0].Error != "refused" {
		t.Errorf("steps: %+v, error: %v", got.Steps, err)
	}
}

func TestTraceIsBounded(t *testing.T) {
	r := newRecorder(usualTrace)
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			for j := range maxTrace {
				r.logf("line %d of %d", j, i)
			}
		})
	}
	running.Wait()
	got := new(smbprobe.Result)
	r.finish(got)
	lines, last := got.Trace.Lines(), fmt.Sprintf("the trace ends here, at %d lines", maxTrace)
	if len(lines) != maxTrace+1 || !strings.HasSuffix(lines[maxTrace], last) {
		t.Errorf("%d lines, the last one %q; want %d and %q", len(lines), lines[len(lines)-1], maxTrace+1, last)
	}
	// What comes late, from a connection that is ending, changes no result.
	r.logf("late")
	if strings.Contains(strings.Join(got.Trace.Lines(), "\n"), "late") {
		t.Error("the result changed after it was finished")
	}
}
