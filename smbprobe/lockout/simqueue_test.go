package lockout

import (
	"io/fs"
	"sync"
	"time"
)

// memStore is a file in memory.
type memStore struct {
	mu      sync.Mutex // the lock of the file
	content []byte
	fail    error // of lock, read and replace
	writes  int
	before  func() // if not nil: called before content is replaced
}

func (s *memStore) lock() (func(), error) {
	s.mu.Lock()
	if s.fail != nil {
		s.mu.Unlock()
		return nil, s.fail
	}
	return s.mu.Unlock, nil
}

func (s *memStore) read() ([]byte, error) {
	if s.content == nil {
		return nil, fs.ErrNotExist
	}
	return s.content, s.fail
}

func (s *memStore) replace(content []byte, _ bool) error {
	if s.fail != nil {
		return s.fail
	}
	if s.before != nil {
		s.before()
	}
	s.content = content
	s.writes++
	return nil
}

type event struct {
	at     time.Duration
	serial int
	do     func()
}

type events []event

// push and pop are those of container/heap, without an interface for each event: there
// are millions.
func (h *events) push(e event) {
	*h = append(*h, e)
	q := *h
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q[i].before(q[parent]) {
			return
		}
		q[i], q[parent] = q[parent], q[i]
		i = parent
	}
}

func (h *events) pop() event {
	q := *h
	first, last := q[0], len(q)-1
	q[0], q[last] = q[last], event{}
	q = q[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child < min(2*i+3, len(q)); child++ {
			if q[child].before(q[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
	*h = q
	return first
}

func (e event) before(o event) bool {
	return e.at < o.at || e.at == o.at && e.serial < o.serial
}
