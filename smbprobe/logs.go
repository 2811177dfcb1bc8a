package smbprobe

import "github.com/hashicorp/golang-lru/v2"

// maxLogs bounds the event logs that are remembered; the ones read longest ago
// are forgotten first, and read afresh by the next probe.
const maxLogs = 2048

// logMemories keeps what is remembered of event logs. A memory that is in it does
// not change any more: who reads on works on a copy.
type logMemories struct {
	logs *lru.Cache[string, *logMemory]
}

func newLogMemories() (*logMemories, error) {
	logs, err := lru.New[string, *logMemory](maxLogs)
	if err != nil {
		return nil, err
	}
	return &logMemories{logs: logs}, nil
}

func (l *logMemories) get(key string) *logMemory {
	m, _ := l.logs.Get(key)
	return m
}

// put remembers a log, and reports whether another one gave way to it.
func (l *logMemories) put(key string, m *logMemory) (evicted bool) { return l.logs.Add(key, m) }
