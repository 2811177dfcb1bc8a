package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// evaluationInterval is that of the shipped groups of rules.
const evaluationInterval = time.Minute

// scrapeInterval is the longest that the shipped rules are made for.
const scrapeInterval = 2 * time.Minute

// sampleLine is a sample as an exporter writes it.
var sampleLine = regexp.MustCompile(`^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)\n$`)

// timeline is what Prometheus would have scraped, by the instance that it is of. promtool
// evaluates the rules over it, and makes the time pass itself: an hour takes it no time, and
// no result depends on how fast this machine is.
type timeline struct {
	steps     int // scrapes up to now
	instances map[string]map[string]*strings.Builder
	last      map[string]map[string]string // the values of the last scrape
}

func newTimeline() *timeline {
	return &timeline{instances: map[string]map[string]*strings.Builder{}, last: map[string]map[string]string{}}
}

// samples are the values of series, "name{label=...}", of one instance.
type samples map[string]string

// add lets the same scrapes come for a time, and returns the time at its end.
func (l *timeline) add(scrapes map[string]samples, length time.Duration) time.Duration {
	n := int(length / scrapeInterval)
	for instance, values := range scrapes {
		if l.instances[instance] == nil {
			l.instances[instance], l.last[instance] = map[string]*strings.Builder{}, map[string]string{}
		}
		all := l.instances[instance]
		for series := range values {
			if all[series] == nil {
				all[series] = new(strings.Builder)
				if l.steps > 0 {
					fmt.Fprintf(all[series], "_x%d ", l.steps)
				}
			}
		}
		for series, notation := range all {
			value, there := values[series]
			_, before := l.last[instance][series]
			switch {
			case there:
				fmt.Fprintf(notation, "%sx%d ", value, n-1) // and the first one
			case before:
				fmt.Fprintf(notation, "stale _x%d ", n-1)
			default:
				fmt.Fprintf(notation, "_x%d ", n)
			}
		}
		l.last[instance] = values
	}
	l.steps += n
	return l.now()
}

// now is the time of the last scrape.
func (l *timeline) now() time.Duration { return time.Duration(l.steps-1) * scrapeInterval }

// scrape asks the exporter for what its /sd lists, and for itself, as Prometheus does. A
// probe of a server that does not answer ends after a second.
func scrape(t *testing.T, e *exporter, hung string) map[string]samples {
	t.Helper()
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	askJSON(t, e.url+"/sd", &groups)
	all := map[string]samples{}
	var mu sync.Mutex
	var scraping sync.WaitGroup
	for _, g := range groups {
		labels := map[string]string{"job": "servers"}
		for name, value := range g.Labels {
			if !strings.HasPrefix(name, "__") {
				labels[name] = value
			}
		}
		scraping.Go(func() {
			limit := "120"
			if labels["instance"] == hung {
				limit = "1"
			}
			path := g.Labels["__metrics_path__"] + "?target=" + g.Labels["__param_target"] + "&module=" + g.Labels["__param_module"]
			values := scrapeOnce(t, g.Labels["__scheme__"]+"://"+g.Targets[0]+path, limit, labels)
			mu.Lock()
			defer mu.Unlock()
			all[labels["instance"]] = values
		})
	}
	scraping.Wait()
	if len(all) != len(groups) || len(all) == 0 {
		t.Errorf("%d instances of %d targets", len(all), len(groups))
	}
	for instance := range all {
		maps.Copy(all[instance], scrapeOnce(t, e.url+"/metrics", "120", map[string]string{"job": "exporter", "instance": "exporter"}))
	}
	return all
}

// down is what a scrape brings of an exporter that does not answer.
func down(scrapes map[string]samples) map[string]samples {
	all := map[string]samples{}
	for instance, values := range scrapes {
		all[instance] = samples{}
		for series := range values {
			if strings.HasPrefix(series, "up{") {
				all[instance][series] = "0"
			}
		}
	}
	return all
}

// scrapeOnce scrapes an address, and gives the series labels.
func scrapeOnce(t *testing.T, url, limit string, labels map[string]string) samples {
	t.Helper()
	text, err := fetch(t.Context(), url, limit)
	if err != nil {
		t.Error(err)
		return nil
	}
	var extra []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		extra = append(extra, fmt.Sprintf("%s=%q", name, labels[name]))
	}
	values := samples{"up{" + strings.Join(extra, ",") + "}": "1"}
	for line := range strings.Lines(text) {
		parts := sampleLine.FindStringSubmatch(line)
		if parts == nil {
			continue // a comment
		}
		number, err := strconv.ParseFloat(parts[3], 64)
		if err != nil {
			t.Errorf("%s: %s: %v", url, line, err)
		}
		if parts[1] == "probe_duration_seconds" {
			number = min(number, 1) // of a machine that is not busy
		}
		series := parts[1] + "{" + strings.Join(slices.DeleteFunc(append([]string{parts[2]}, extra...), func(s string) bool { return s == "" }), ",") + "}"
		values[series] = strconv.FormatFloat(number, 'f', -1, 64)
	}
	return values
}

func fetch(ctx context.Context, url, limit string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", limit)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s\n%s", url, response.Status, text)
	}
	return string(text), err
}
