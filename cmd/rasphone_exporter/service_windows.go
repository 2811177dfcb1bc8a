package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

const (
	serviceName = program // the source of its events; of the service's own name Windows takes no notice
	eventID     = 1       // no event has a text of its own, so all have one number

	// stopHint is how long the service manager is told to wait for the service's end.
	stopHint = drainTime + shutdownTime + 5*time.Second
)

// runProcess runs the program until it is done or ctx ends, and returns its exit
// status: as a Windows service if the service manager started the process, and
// with the standard streams if a person did.
func runProcess(ctx context.Context) int {
	isService, err := svc.IsWindowsService()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: error: find out whether the service manager started this: %v\n", program, err)
		return exitFailed
	}
	if !isService {
		return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	events, err := eventlog.Open(serviceName)
	if err != nil {
		return exitFailed // without a word: a service has no standard streams
	}
	defer func() { _ = events.Close() }()
	log := eventWriter{events.Info}
	s := &service{run: func(ctx context.Context) int { return run(ctx, os.Args[1:], os.Stdin, log, log) }, ctx: ctx}
	if err := svc.Run(serviceName, s); err != nil {
		_ = events.Error(eventID, fmt.Sprintf("The service manager does not answer: %v", err))
		return exitFailed
	}
	if s.status != exitOK {
		_ = events.Error(eventID, fmt.Sprintf("The exporter ended with status %d; the event before this one says why", s.status))
	}
	return s.status
}

// eventWriter puts each line of the log into the Application event log. The event's
// type is always the same: the line itself has the level.
type eventWriter struct {
	report func(id uint32, text string) error
}

func (w eventWriter) Write(line []byte) (int, error) {
	if err := w.report(eventID, string(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// service is what the service manager controls. It stops as SIGTERM does elsewhere:
// the probes in flight end first.
type service struct {
	run    func(ctx context.Context) int
	ctx    context.Context
	status int // exit status, once Execute has returned
}

// Execute implements svc.Handler. It returns when run has.
func (s *service) Execute(_ []string, requests <-chan svc.ChangeRequest, states chan<- svc.Status) (serviceSpecific bool, exitCode uint32) {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	ended := make(chan int, 1)
	go func() { ended <- s.run(ctx) }()
	states <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				states <- request.CurrentStatus
			case svc.Stop, svc.Shutdown:
				states <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopHint.Milliseconds())}
				stop()
			}
		case s.status = <-ended:
			return s.status != exitOK, uint32(s.status)
		}
	}
}
