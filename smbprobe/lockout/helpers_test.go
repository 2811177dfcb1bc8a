package lockout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const min15 = 15 * time.Minute

func accepted() Outcome { return Outcome{Result: Accepted, Domain: "CORP", State: "ok"} }
func refused() Outcome {
	return Outcome{Result: Refused, Domain: "CORP", State: "login_failed", Status: 0xC000006D}
}
func restricted() Outcome {
	return Outcome{Result: Restricted, Domain: "CORP", State: "account_restricted", Status: 0xC0000234}
}
func inDoubt() Outcome { return Outcome{Result: InDoubt, Domain: "CORP", State: "timeout"} }
func guest() Outcome   { return Outcome{Result: Guest, Domain: "CORP", State: "guest_only"} }
func notSent() Outcome { return Outcome{Result: NotSent, Domain: "CORP", State: "connection_lost"} }

func corp(name string) Target {
	return Target{Name: name, Auth: "corp", Username: "rasphone", Domain: "CORP", Password: secret.New("old-1998")}
}

func local(name string) Target {
	t := corp(name)
	t.Domain = ""
	return t
}

// fleet is so many targets of one domain: exch00, exch01 and so on.
func fleet(n int) []Target {
	targets := make([]Target, n)
	for i := range targets {
		targets[i] = corp(fmt.Sprintf("exch%02d", i))
	}
	return targets
}

// tester is a guard that a test drives.
type tester struct {
	*Guard
	t *testing.T
}

// newTester returns a guard that has the targets, and real time unless the test is in a
// bubble of synctest.
func newTester(t *testing.T, opts Options, targets ...Target) tester {
	t.Helper()
	if opts.rounds == 0 {
		opts.rounds = 1
	}
	g, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Configure(targets); err != nil {
		t.Fatal(err)
	}
	return tester{g, t}
}

func (g tester) configure(targets ...Target) {
	g.t.Helper()
	if err := g.Configure(targets); err != nil {
		g.t.Fatal(err)
	}
}

// start acquires a login, and returns what ends it.
func (g tester) start(target Target) (release func(Outcome)) {
	g.t.Helper()
	release, err := g.tryStart(target)
	if err != nil {
		g.t.Fatalf("%s: %v", target.Name, err)
	}
	return release
}

func (g tester) tryStart(target Target) (release func(Outcome), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return g.Acquire(ctx, target, "CORP")
}

// login is a login that ends at once.
func (g tester) login(target Target, o Outcome) {
	g.t.Helper()
	g.start(target)(o)
}

// warm has the credentials accepted, each target a millisecond after the one
// before.
func (g tester) warm(targets ...Target) {
	g.t.Helper()
	for _, target := range targets {
		time.Sleep(time.Millisecond)
		g.login(target, accepted())
	}
	time.Sleep(time.Millisecond)
}

// wantHeld wants a login to be held back for so long from now.
func (g tester) wantHeld(target Target, reason Reason, length time.Duration) *HeldError {
	g.t.Helper()
	release, err := g.tryStart(target)
	held, ok := errors.AsType[*HeldError](err)
	if err == nil {
		release(notSent())
	}
	if !ok {
		g.t.Fatalf("%s: %v, want it held back", target.Name, err)
	}
	if want := g.opts.Wall().Add(length); held.Reason != reason || !held.Until.Equal(want) || !strings.EqualFold(held.Target, target.Name) {
		g.t.Fatalf("%s: %s until %s, want %q for %s until %s", held.Target, held.Reason, held.Until, reason, target.Name, want)
	}
	return held
}

// wantFree wants a login to be possible, without sending it.
func (g tester) wantFree(target Target) {
	g.t.Helper()
	g.start(target)(notSent())
}

// wantWait wants a login to wait until its context ends.
func (g tester) wantWait(target Target) {
	g.t.Helper()
	release, err := g.tryStart(target)
	if err == nil {
		release(notSent())
	}
	if !errors.Is(err, ErrNoPlace) || !errors.Is(err, context.DeadlineExceeded) {
		g.t.Fatalf("%s: %v, want it to wait", target.Name, err)
	}
	if _, held := errors.AsType[*HeldError](err); held {
		g.t.Fatalf("%s: %v, want no hold", target.Name, err)
	}
}
