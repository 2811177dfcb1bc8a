package smb1

import (
	"context"
	"strings"
	"sync"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Session is a login. It implements smb.Session.
type Session struct {
	conn   *conn
	server negotiated
	info   smb.ServerInfo
	name   string // of the server, for tree connect paths
	uid    uint16

	mu    sync.Mutex // guards what follows
	first *firstTree // the outcome of the tree connect in the login; nil once it was asked for
	trees []*Tree
	fids  map[uint16]*Tree // open FIDs and where they were opened
}

// firstTree is the outcome of the tree connect that was chained to the login.
type firstTree struct {
	share string
	tree  *Tree
	err   error
}

func newSession(c *Client, uid uint16) *Session {
	return &Session{conn: c.conn, server: c.server, info: c.info, name: c.opts.ServerName, uid: uid, fids: make(map[uint16]*Tree)}
}

func (s *Session) newTree(tid uint16, share string) *Tree {
	t := &Tree{session: s, tid: tid, share: share}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trees = append(s.trees, t)
	return t
}

// Server implements smb.Session.
func (s *Session) Server() smb.ServerInfo { return s.info }

// header is the header of a request in a tree.
func (s *Session) header(tid uint16) header {
	h := requestHeader(s.server)
	h.uid, h.tid = s.uid, tid
	return h
}

// Connect implements smb.Session (MS-CIFS 2.2.4.55). The share that the login
// connected to costs nothing the first time.
func (s *Session) Connect(ctx context.Context, share string) (smb.Tree, error) {
	s.mu.Lock()
	first := s.first
	if first != nil && strings.EqualFold(first.share, share) {
		s.first = nil
	} else {
		first = nil
	}
	s.mu.Unlock()
	switch {
	case first != nil && first.err != nil:
		return nil, first.err
	case first != nil:
		return first.tree, nil
	}
	path := `\\` + s.name + `\` + share
	answer, err := s.conn.roundTrip(ctx, "tree connect "+path, treeConnectRequest(s.header(0), path))
	if err != nil {
		return nil, err
	}
	return s.newTree(answer.tid, share), nil
}

// Close implements smb.Session.
func (s *Session) Close(ctx context.Context) error {
	err := s.logoff(ctx)
	s.conn.close()
	return err
}

// logoff closes files, disconnects trees and logs off, all in one flight, and
// waits for the answers, whose statuses do not matter: an NT server may end
// the session before it comes to the rest.
func (s *Session) logoff(ctx context.Context) error {
	s.mu.Lock()
	fids, trees := s.fids, s.trees
	s.fids, s.trees = make(map[uint16]*Tree), nil
	s.mu.Unlock()
	var requests []request
	for fid, t := range fids {
		requests = append(requests, t.closing(fid))
	}
	for _, t := range trees {
		requests = append(requests, request{op: "tree disconnect " + t.share, builder: treeDisconnectRequest(s.header(t.tid))})
	}
	requests = append(requests, request{op: "logoff", builder: logoffRequest(s.header(0))})
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return err
	}
	for _, k := range calls {
		if _, err := k.wait(ctx); err != nil && smb.StatusOf(err) == smb.StatusOK {
			return err
		}
	}
	return nil
}

// opened and closed keep the FIDs that Close has to close.
func (s *Session) opened(fid uint16, t *Tree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fids[fid] = t
}

func (s *Session) closed(fid uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fids, fid)
}
