package main

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestVerdictLog: one line at info for each change of a verdict, with its cause, and every
// probe at debug.
func TestVerdictLog(t *testing.T) {
	ok, timeout, guest := smbprobe.ShareOK, smbprobe.ShareTimeout, smbprobe.ShareGuestOnly
	probes := []struct {
		target string
		share  smbprobe.ShareState
		want   string // verdict, the one before and the causes; empty: no line at info
	}{
		{"a", ok, ""}, // as expected after a start
		{"a", ok, ""},
		{"b", timeout, "b CRITICAL none no_answer"},
		{"b", timeout, ""},
		{"a", timeout, "a CRITICAL OK no_answer"},
		{"a", guest, "a WARNING CRITICAL guest_only"},
		{"b", ok, "b OK CRITICAL "},
		{"a", ok, "a OK WARNING "},
		{"a", ok, ""},
	}
	changed := regexp.MustCompile(`level=INFO msg="Verdict changed" target=(\S+) module=m verdict=(\S+) before=(\S+) causes="?([^" ]*)"? why=\S`)
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		var v verdictLog
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		for i, p := range probes {
			log.Reset()
			r := resultOf(p.target, p.share)
			r.Module = "m"
			v.log(logger, r)
			got := ""
			if m := changed.FindStringSubmatch(log.String()); m != nil {
				got = strings.Join(m[1:], " ")
			}
			lines := 0
			if p.want != "" {
				lines++
			}
			if level == slog.LevelDebug {
				lines++
			}
			if got != p.want || strings.Count(log.String(), "\n") != lines {
				t.Errorf("probe %d at %s: %q, want %q in %d lines:\n%s", i, level, got, p.want, lines, &log)
			}
			if level == slog.LevelDebug && !strings.Contains(log.String(), "level=DEBUG msg=Probed target="+p.target) {
				t.Errorf("probe %d is not logged:\n%s", i, &log)
			}
		}
	}
}

// TestVerdictLogForgets: what a reload takes out does not stay in memory.
func TestVerdictLogForgets(t *testing.T) {
	var v verdictLog
	for _, target := range []string{"a", "b"} {
		r := resultOf(target, smbprobe.ShareOK)
		r.Module = config.DefaultModule
		v.log(slog.New(slog.DiscardHandler), r)
	}
	c, err := config.Parse("", []byte("auths: {x: {username: u, password: p}}\ntargets: [{hosts: [b], auth: x}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	v.forget(c)
	want := map[probed]smbprobe.Verdict{{"b", config.DefaultModule}: smbprobe.VerdictOK}
	if diff := cmp.Diff(want, v.last, cmp.AllowUnexported(probed{})); diff != "" {
		t.Error(diff)
	}
}
