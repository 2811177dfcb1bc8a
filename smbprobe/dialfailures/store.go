package dialfailures

import (
	lru "github.com/hashicorp/golang-lru/v2"
)

// maxLogs bounds the event logs that are remembered; the ones read longest ago
// are forgotten first, and read afresh by the next probe.
const maxLogs = 2048

// logMemories keeps what is remembered of event logs. A memory that is in it does
// not change any more: who reads on works on a copy.
type Store struct {
	logs *lru.Cache[string, *Memory]
}

func NewStore() (*Store, error) {
	logs, err := lru.New[string, *Memory](maxLogs)
	if err != nil {
		return nil, err
	}
	return &Store{logs: logs}, nil
}

func (l *Store) Get(key string) *Memory {
	m, _ := l.logs.Get(key)
	return m
}

// put remembers a log, and reports whether another one gave way to it.
func (l *Store) Put(key string, m *Memory) (evicted bool) { return l.logs.Add(key, m) }
