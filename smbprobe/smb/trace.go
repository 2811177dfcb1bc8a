package smb

import (
	"fmt"
	"time"
)

// Trace receives what happened in a probe, event by event; a nil Trace drops it. It may be
// called from several goroutines. Events never contain a password or a response computed
// from one.
type Trace func(Event)

// Logf passes an event to the trace. The arguments are formatted when the trace is shown,
// so they must not change. An error becomes its text at once: it may refer to much else,
// and traces are kept.
func (t Trace) Logf(format string, args ...any) {
	if t == nil {
		return
	}
	for i, arg := range args {
		if err, ok := arg.(error); ok {
			args[i] = err.Error()
		}
	}
	t(Event{Text: format, Args: args})
}

// Answered passes the answer to a request to the trace.
func (t Trace) Answered(op string, a Answer) {
	if t != nil {
		t(Event{Text: op, Answer: a})
	}
}

// Event is one line of a trace. Most traces are never shown: it has the values, and String
// formats them.
type Event struct {
	Text   string // format of package fmt; if there is an Answer, what the request was for
	Args   []any
	Answer Answer
}

// IsAnswer reports whether the event is the answer to a request: none is empty.
func (e Event) IsAnswer() bool { return e.Answer.Bytes > 0 }

// Answer describes the answer to a request.
type Answer struct {
	Status Status
	Bytes  int32
	Round  int32 // see Rounds
	Took   time.Duration
}

func (e Event) String() string {
	if e.IsAnswer() {
		a := e.Answer
		return fmt.Sprintf("%s: %s, %d bytes, round trip %d, %s", e.Text, a.Status, a.Bytes, a.Round, a.Took.Round(time.Microsecond))
	}
	if len(e.Args) == 0 {
		return e.Text
	}
	return fmt.Sprintf(e.Text, e.Args...)
}

// MarshalText formats the event.
func (e Event) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText makes an event that is formatted already.
func (e *Event) UnmarshalText(text []byte) error {
	*e = Event{Text: string(text)}
	return nil
}
