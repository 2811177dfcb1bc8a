package rpc

import (
	"sync"
	"testing"
)

// TestChangedWhileServed: a server may be changed while several clients use it. Each answer
// was true at some moment.
func TestChangedWhileServed(t *testing.T) {
	s := newServer()
	const rounds = 200
	openApplication := requestMessage(flagsWhole, 1, 7, recorded(t, "ElfrOpenELW", handle{}))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range rounds {
				log, status := s.Open("eventlog", administrator())
				if status != 0 {
					t.Errorf("open: %08X", status)
					return
				}
				log.Write(bindMessage(log.program.iface))
				log.Read()
				log.Write(openApplication)
				opened, ok := log.Read()
				if !ok || len(opened) != responseSize+handleSize+4 {
					t.Errorf("open the log: %x", opened)
					return
				}
				h := handle(opened[responseSize:])
				log.Write(requestMessage(flagsWhole, 2, 10, append(h[:], 9, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0)))
				answer, ok := log.Read()
				status = last(answer)
				if !ok || status != 0 && status != statusLogChanged && status != statusEndOfFile {
					t.Errorf("read: %08X", status)
				}
				log.Close()
				if service, found := s.service("RasMan"); found && service.State != 1 && service.State != 4 {
					t.Errorf("state %d", service.State)
				}
			}
		})
	}
	all.Go(func() {
		for n := range rounds {
			s.Log("Application").Add(dialFailure(now()))
			s.SetService(Service{Name: "RasMan", State: 1 + uint32(n%2)*3})
			if n%20 == 0 {
				s.Log("Application").Clear()
				s.RemoveService("RasMan")
				s.SetShares(nil)
			}
			s.SetFault(nil)
			s.SetPipes(nil)
		}
	})
	all.Wait()
}
