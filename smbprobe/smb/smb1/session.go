package smb1

import (
	"context"
	"slices"
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
	first *firstTree // the outcome of the tree connect in the login; nil once Connect has returned it
	trees []*Tree
	fids  []openFID // of what is open
	pipes []*Pipe   // that were opened
}

// firstTree is the outcome of the tree connect that was chained to the login.
type firstTree struct {
	share string
	tree  *Tree
	err   error
}

func newSession(c *Client, uid uint16) *Session {
	return &Session{conn: c.conn, server: c.server, info: c.info, name: c.opts.ServerName, uid: uid}
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
	k, err := s.conn.roundTrip(ctx, request{op: "tree connect " + path, builder: treeConnectRequest(s.header(0), path)})
	if err != nil {
		return nil, s.conn.fault(k, err)
	}
	defer s.conn.release(k)
	tree := s.newTree(k.answer.tid, share) // is disconnected at the end, whatever it is
	block, err := k.answer.block(headerSize)
	if err != nil {
		return tree, nil // it does not say
	}
	if err := wrongKind("tree connect "+path, serviceOf(block)); err != nil {
		return nil, err
	}
	return tree, nil
}

// Close implements smb.Session.
func (s *Session) Close(ctx context.Context) error {
	err := s.logoff(ctx)
	s.giveBuffers(nil)
	s.conn.close()
	return err
}

// logoff closes files, disconnects trees and logs off, all in one flight, and
// waits for the answers. The pipes are closed by the disconnect of their tree (MS-CIFS
// 2.2.4.51): a close for each would take a second flight. Their statuses do not matter: an NT server may end
// the session before the rest.
func (s *Session) logoff(ctx context.Context) error {
	s.mu.Lock()
	fids, trees := s.fids, s.trees
	s.fids, s.trees = nil, nil
	s.mu.Unlock()
	requests := make([]request, 0, maxInFlight)
	for _, f := range fids {
		if !f.pipe {
			requests = append(requests, f.tree.closing(f.fid))
		}
	}
	for _, t := range trees {
		requests = append(requests, request{op: "tree disconnect " + t.share, builder: treeDisconnectRequest(s.header(t.tid))})
	}
	requests = append(requests, request{op: "logoff", builder: logoffRequest(s.header(0))})
	return s.settle(ctx, requests)
}

// Park ends everything of the session but itself and some of its pipes, so that another
// probe can use it: files and other pipes are closed, trees that none of the pipes is on are
// disconnected. It waits for the answers. A session that is parked has no goroutine and
// almost no memory. Nothing may be called until Resume. After an error the
// session is closed.
func (s *Session) Park(ctx context.Context, kept ...smb.Pipe) error {
	keeps := func(f openFID) bool {
		return slices.ContainsFunc(kept, func(k smb.Pipe) bool {
			p, ok := k.(*Pipe)
			return ok && p.fid == f.fid && p.tree == f.tree
		})
	}
	s.mu.Lock()
	var requests []request
	var fids []openFID
	var trees []*Tree
	for _, f := range s.fids {
		if keeps(f) {
			fids = append(fids, f)
		} else if !f.pipe || slices.ContainsFunc(kept, func(k smb.Pipe) bool { p, ok := k.(*Pipe); return ok && p.tree == f.tree }) {
			requests = append(requests, f.tree.closing(f.fid))
		} // others are closed with their tree
	}
	for _, t := range s.trees {
		if slices.ContainsFunc(fids, func(f openFID) bool { return f.tree == t }) {
			trees = append(trees, t)
		} else {
			requests = append(requests, request{op: "tree disconnect " + t.share, builder: treeDisconnectRequest(s.header(t.tid))})
		}
	}
	s.fids, s.trees, s.first = fids, trees, nil
	s.mu.Unlock()
	err := s.settle(ctx, requests)
	s.giveBuffers(kept)
	if err == nil {
		err = s.conn.park(ctx)
	}
	if err != nil {
		s.conn.close()
		return err
	}
	return nil
}

// giveBuffers gives the memory of all pipes to the connection, and forgets those that are
// not kept.
func (s *Session) giveBuffers(kept []smb.Pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pipes {
		s.conn.giveBuffer(p.message.data)
		p.message.data = nil
	}
	s.pipes = slices.DeleteFunc(s.pipes, func(p *Pipe) bool { return !slices.Contains(kept, smb.Pipe(p)) })
}

// Attach makes a session count and trace what it does from now on elsewhere. No call may be
// under way that is waited for.
func (s *Session) Attach(rounds *smb.Rounds, trace smb.Trace) { s.conn.attach(rounds, trace) }

// Resume makes a session that is parked that of another probe, in which its round trips are
// counted and traced.
func (s *Session) Resume(rounds *smb.Rounds, trace smb.Trace) { s.conn.resume(rounds, trace) }

// settle sends requests and waits for their answers, whose statuses do not matter.
func (s *Session) settle(ctx context.Context, requests []request) error {
	if len(requests) == 0 {
		return nil
	}
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return err
	}
	for _, k := range calls {
		if err := s.conn.wait(ctx, k); err != nil && smb.StatusOf(err) == smb.StatusOK {
			return err
		}
		s.conn.release(k)
	}
	return nil
}

// opened and closed keep the FIDs that Close has to close.
func (s *Session) opened(fid uint16, t *Tree, pipe bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fids = append(s.fids, openFID{fid, t, pipe})
}

func (s *Session) closed(fid uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fids = slices.DeleteFunc(s.fids, func(f openFID) bool { return f.fid == fid })
}

// openFID is an open file or pipe.
type openFID struct {
	fid  uint16
	tree *Tree
	pipe bool
}

// Tree is a connected share. It implements smb.Tree.
type Tree struct {
	session *Session
	tid     uint16
	share   string
}

// Open implements smb.Tree (MS-CIFS 2.2.4.64).
func (t *Tree) Open(ctx context.Context, path string) (smb.File, error) {
	c, err := t.create(ctx, "open "+path, path, toRead())
	if err != nil {
		return nil, err
	}
	return &File{tree: t, path: path, created: c}, nil
}

// Stat implements smb.Tree (MS-CIFS 2.2.4.64): an open that asks for
// FILE_READ_ATTRIBUTES alone, one round trip. It does not wait for the close that
// follows.
func (t *Tree) Stat(ctx context.Context, path string) (smb.FileInfo, error) {
	c, err := t.create(ctx, "stat "+path, path, toStat())
	if err != nil {
		return smb.FileInfo{}, err
	}
	return c.info(), t.closeFID(ctx, c.fid)
}

// create opens a file, a folder or a pipe.
func (t *Tree) create(ctx context.Context, op, path string, o opening) (created, error) {
	s := t.session
	k, err := s.conn.roundTrip(ctx, request{op: op, builder: createRequest(s.header(t.tid), path, o)})
	if err != nil {
		return created{}, s.conn.fault(k, err)
	}
	defer s.conn.release(k)
	c, err := parseCreate(&k.answer)
	if err != nil {
		return created{}, &smb.Error{Op: op, Err: err}
	}
	s.opened(c.fid, t, c.resourceType != typeDisk)
	return c, nil
}

// closeFID sends a close and does not wait for its answer, so that it does not count
// as a round trip.
func (t *Tree) closeFID(ctx context.Context, fid uint16) error {
	s := t.session
	s.closed(fid)
	closing := t.closing(fid)
	closing.unwaited = true
	_, err := s.conn.startOne(ctx, closing)
	return err
}

func (t *Tree) closing(fid uint16) request {
	return request{op: "close", builder: closeRequest(t.session.header(t.tid), fid)}
}
