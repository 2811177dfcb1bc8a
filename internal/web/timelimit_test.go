package web

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimeLimits(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		headers []string
		module  time.Duration
		offset  time.Duration
		want    limits
		wantErr bool
	}{
		{"no header", nil, 10000 * ms, 500 * ms, limits{10000 * ms, 10250 * ms}, false},
		{"header below the module", []string{"5"}, 10000 * ms, 500 * ms, limits{4500 * ms, 4750 * ms}, false},
		{"header as the module", []string{"10"}, 10000 * ms, 500 * ms, limits{9500 * ms, 9750 * ms}, false},
		{"header a little above the module", []string{"10.25"}, 10000 * ms, 500 * ms, limits{9750 * ms, 10000 * ms}, false},
		{"header above the module", []string{"60"}, 10000 * ms, 500 * ms, limits{10000 * ms, 10250 * ms}, false},
		{"header as the offset", []string{"0.5"}, 10000 * ms, 500 * ms, limits{250 * ms, 375 * ms}, false},
		{"header below the offset", []string{"0.1"}, 10000 * ms, 500 * ms, limits{50 * ms, 75 * ms}, false},
		{"header twice the offset", []string{"1"}, 10000 * ms, 500 * ms, limits{500 * ms, 750 * ms}, false},
		{"short module", []string{"0.8"}, 100 * ms, 500 * ms, limits{100 * ms, 350 * ms}, false},
		{"no offset", []string{"5"}, 10000 * ms, 0, limits{5000 * ms, 5000 * ms}, false},
		{"more than a Duration holds", []string{"1e300"}, 10000 * ms, 500 * ms, limits{10000 * ms, 10250 * ms}, false},
		{"less than a nanosecond", []string{"1e-300"}, 10000 * ms, 500 * ms, limits{0, 0}, false},
		{"zero", []string{"0"}, 10000 * ms, 500 * ms, limits{}, true},
		{"negative", []string{"-1"}, 10000 * ms, 500 * ms, limits{}, true},
		{"not a number", []string{"NaN"}, 10000 * ms, 500 * ms, limits{}, true},
		{"infinite", []string{"+Inf"}, 10000 * ms, 500 * ms, limits{}, true},
		{"out of range", []string{"1e999"}, 10000 * ms, 500 * ms, limits{}, true},
		{"empty", []string{""}, 10000 * ms, 500 * ms, limits{}, true},
		{"a word", []string{"soon"}, 10000 * ms, 500 * ms, limits{}, true},
		{"a unit", []string{"10s"}, 10000 * ms, 500 * ms, limits{}, true},
		{"twice", []string{"10", "10"}, 10000 * ms, 500 * ms, limits{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for _, v := range tt.headers {
				h.Add(timeoutHeader, v)
			}
			got, err := timeLimits(h, tt.module, tt.offset)
			if errors.Is(err, errTimeoutHeader) != tt.wantErr || (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %t", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(limits{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzTimeLimits: whatever is sent, the answer fits in the time that was given.
func FuzzTimeLimits(f *testing.F) {
	for _, seed := range []string{"10", "0.5", "1e300", "1e-9", "NaN", "-1", "0x1p-2", ""} {
		f.Add(seed, int64(10*time.Second), int64(time.Second/2))
	}
	f.Fuzz(func(t *testing.T, header string, module, offset int64) {
		m, o := time.Duration(module), time.Duration(offset)
		if m < 0 || m > time.Hour || o < 0 || o > time.Hour {
			return // New and the configuration do not let these through
		}
		got, err := timeLimits(http.Header{timeoutHeader: {header}}, m, o)
		if err == nil && (got.probe < 0 || got.probe > m || got.answer < got.probe || got.answer > got.probe+o) {
			t.Errorf("limits %+v from %q, module %s, offset %s", got, header, m, o)
		}
	})
}
