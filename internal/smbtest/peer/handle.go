package peer

import (
	"encoding/binary"
	"slices"
	"strings"
)

// handle records a request and answers it.
func (c *conversation) handle(r request) (*answer, error) {
	a := newAnswer(r, c.script)
	for i, b := range r.blocks {
		c.note(func(rec *Connection) { rec.Commands = append(rec.Commands, stepOf(b.command)) })
		if i > 0 && c.script.ChainCutShort {
			continue
		}
		status, err := c.command(r, b, a)
		if err != nil {
			return nil, err
		}
		if status != 0 {
			a.refuse(b.command, status)
			return a, nil
		}
	}
	return a, nil
}

// command runs one command of a chain. It appends its block to the answer, or returns the status
// that it fails with.
func (c *conversation) command(r request, b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	switch b.command {
	case cmdNegotiate:
		return c.negotiate(b, a)
	case cmdSessionSetup:
		return c.sessionSetup(r, b, a)
	}
	// Later commands of a chain use the identifiers that the chain has made.
	if !c.uids[le.Uint16(a.b[28:])] {
		return statusBadUID, nil
	}
	switch b.command {
	case cmdTreeConnect:
		return c.treeConnect(r, b, a)
	case cmdLogoff:
		delete(c.uids, r.uid)
		a.begin(b.command, nil)
		return 0, nil
	case cmdEcho:
		a.begin(b.command, []byte{1, 0})
		a.b = append(a.b, b.data...)
		a.end(len(a.b) - len(b.data))
		return 0, nil
	}
	tid := le.Uint16(a.b[24:])
	if !c.trees[tid] {
		return statusBadTID, nil
	}
	switch b.command {
	case cmdTreeDisconnect:
		delete(c.trees, tid)
		a.begin(b.command, nil)
		return 0, nil
	case cmdNTCreate:
		return c.open(r, b, a)
	case cmdReadAndX:
		return c.readFile(b, a)
	case cmdClose:
		if len(b.words) < 6 {
			return 0, malformed("close has %d bytes of words", len(b.words))
		}
		fid := le.Uint16(b.words)
		if _, ok := c.files[fid]; !ok {
			return statusInvalidHandle, nil
		}
		delete(c.files, fid)
		a.begin(b.command, nil)
		return 0, nil
	}
	return statusNotImplemented, nil
}

// nextID makes a UID, TID or FID.
func (c *conversation) nextID() uint16 {
	c.lastID++
	return c.lastID
}

func (c *conversation) negotiate(b block, a *answer) (Status, error) {
	if c.negotiated {
		return statusInvalidSMB, nil
	}
	c.negotiated = true
	in := texts{block: b}
	var dialects []string
	for in.off < len(in.data) {
		if format, err := in.bytes(1); err != nil || format[0] != 0x02 {
			return 0, malformed("negotiate: a dialect without its format byte")
		}
		dialect, err := in.oem()
		if err != nil {
			return 0, err
		}
		dialects = append(dialects, dialect)
	}
	c.note(func(r *Connection) { r.Dialects = dialects })
	index := slices.Index(dialects, "NT LM 0.12")
	n := &c.script.Negotiate
	le := binary.LittleEndian
	if index < 0 || n.NoCommonDialect {
		a.begin(cmdNegotiate, []byte{0xFF, 0xFF})
		return 0, nil
	}
	words := le.AppendUint16(nil, uint16(index))
	words = append(words, n.SecurityMode)
	words = le.AppendUint16(words, n.MaxMpxCount)
	words = le.AppendUint16(words, 1) // MaxNumberVcs
	words = le.AppendUint32(words, n.MaxBufferSize)
	words = le.AppendUint32(words, 65536) // MaxRawSize
	words = le.AppendUint32(words, 0)     // SessionKey
	words = le.AppendUint32(words, n.Capabilities)
	words = le.AppendUint64(words, fileTime(n.Time()))
	words = le.AppendUint16(words, uint16(n.TimeZone))
	words = append(words, byte(len(n.Challenge)))
	a.begin(cmdNegotiate, words)
	from := len(a.b)
	a.b = append(a.b, n.Challenge[:]...)
	switch {
	case n.NoDomain:
	case n.Capabilities&CapUnicode != 0:
		a.utf16(n.Domain) // never aligned, whatever the request's flags
	default:
		a.b = append(append(a.b, n.Domain...), 0)
	}
	a.end(from)
	return 0, nil
}

func (c *conversation) sessionSetup(r request, b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	if len(b.words) != 22 {
		return 0, malformed("session setup has %d bytes of words, not those of NT LM 0.12", len(b.words))
	}
	attempt := Attempt{
		Flags2:        r.flags2,
		MaxBufferSize: le.Uint16(b.words[0:]),
		MaxMpxCount:   le.Uint16(b.words[2:]),
		VcNumber:      le.Uint16(b.words[4:]),
		Capabilities:  le.Uint32(b.words[18:]),
	}
	in := texts{block: b, unicode: r.flags2&flags2Unicode != 0}
	var err error
	if attempt.LMResponse, err = in.bytes(int(le.Uint16(b.words[10:]))); err != nil {
		return 0, err
	}
	if attempt.NTResponse, err = in.bytes(int(le.Uint16(b.words[12:]))); err != nil {
		return 0, err
	}
	if attempt.Username, err = in.next(); err != nil {
		return 0, err
	}
	if attempt.Domain, err = in.next(); err != nil {
		return 0, err
	}
	c.note(func(r *Connection) { r.Logins = append(r.Logins, attempt) })
	login := &c.script.Login
	if login.Status != 0 {
		return login.Status, nil
	}
	uid := c.nextID()
	c.uids[uid] = true
	a.setUID(uid)
	action := []byte{0, 0}
	if login.Guest {
		action[0] = 1
	}
	a.begin(cmdSessionSetup, action)
	from := len(a.b)
	a.text(login.OS)
	a.text(login.LANManager)
	a.text(login.Domain)
	a.end(from)
	return 0, nil
}

func (c *conversation) treeConnect(r request, b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	if len(b.words) != 4 {
		return 0, malformed("tree connect has %d bytes of words", len(b.words))
	}
	in := texts{block: b, unicode: r.flags2&flags2Unicode != 0}
	if _, err := in.bytes(int(le.Uint16(b.words[2:]))); err != nil {
		return 0, err
	}
	path, err := in.next()
	if err != nil {
		return 0, err
	}
	c.note(func(r *Connection) { r.Shares = append(r.Shares, path) })
	share := strings.ToUpper(path[strings.LastIndexByte(path, '\\')+1:])
	status, ok := c.script.Shares[share]
	if !ok {
		return statusBadNetworkName, nil
	}
	if status != 0 {
		return status, nil
	}
	tid := c.nextID()
	c.trees[tid] = true
	a.setTID(tid)
	a.begin(cmdTreeConnect, []byte{0x01, 0x00}) // OptionalSupport: search bits
	from := len(a.b)
	service, system := "A:", "NTFS"
	if share == "IPC$" {
		service, system = "IPC", ""
	}
	a.b = append(append(a.b, service...), 0)
	a.text(system)
	a.end(from)
	return 0, nil
}
