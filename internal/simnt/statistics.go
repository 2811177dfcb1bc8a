package simnt

import "sync"

// Statistics are what a host has counted. Numbers without "now" run since New.
type Statistics struct {
	Connections    int // accepted
	ConnectionsNow int
	Dropped        int // connections that the server ended for what the client sent
	Logins         int // session setups, the anonymous ones included
	LoginsRefused  int
	Messages       int // SMBs received
	MaxInFlight    int // requests of one connection that were not answered yet: the highest number
	SessionsNow    int
	TreesNow       int
	FilesNow       int // files and folders open
	PipesNow       int // pipes open
}

// counters are the statistics under a lock of their own, which is never held over anything
// else.
type counters struct {
	mu sync.Mutex
	s  Statistics
}

func (c *counters) change(f func(*Statistics)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.s)
}

func (c *counters) get() Statistics {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.s
}
