package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// timeoutHeader is the header with the seconds that Prometheus waits for the answer.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

var errTimeoutHeader = errors.New("bad " + timeoutHeader)

// limits are how long the parts of one request may take, from its arrival.
type limits struct {
	probe  time.Duration // the probe's deadline
	answer time.Duration // when the request is answered without the probe's result; not before probe
}

// from lays the limits out from a request's arrival. A probe waits for its turn
// for half of its time: one that started later could end in a timeout that proves
// nothing about the server.
func (l limits) from(arrived time.Time) schedule {
	return schedule{
		startBy:   arrived.Add(l.probe / 2),
		deadline:  arrived.Add(l.probe),
		respondBy: arrived.Add(l.answer),
		budget:    l.probe,
	}
}

// timeLimits returns how long a request may take. The probe has what the header
// gives less the offset, and at most the module's timeout. Half of the offset is
// for the probe to close its connections after its deadline; the other half is
// left for the answer. From a header of less than twice the offset, a half is
// kept instead, so that a short limit still probes.
func timeLimits(h http.Header, module, offset time.Duration) (limits, error) {
	probe := module
	switch values := h.Values(timeoutHeader); len(values) {
	case 0:
	case 1:
		seconds, err := strconv.ParseFloat(values[0], 64)
		if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds <= 0 {
			return limits{}, fmt.Errorf("%w: %.50q is not a number of seconds above 0", errTimeoutHeader, values[0])
		}
		// The comparison comes first: many seconds overflow a Duration.
		if seconds < (module + offset).Seconds() {
			given := time.Duration(seconds * float64(time.Second))
			offset = min(offset, given/2)
			probe = min(module, given-offset)
		}
	default:
		return limits{}, fmt.Errorf("%w: it is there %d times; send it once", errTimeoutHeader, len(values))
	}
	return limits{probe: probe, answer: probe + offset/2}, nil
}
