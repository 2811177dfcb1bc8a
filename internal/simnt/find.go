package simnt

import (
	"encoding/binary"
	"slices"
	"strings"
)

// search is a listing that FIND_NEXT2 continues, identified by its SID.
type search struct {
	tid  uint16
	rest []info
}

// Information levels of FIND_FIRST2 and FIND_NEXT2 (MS-CIFS 2.2.2.3.1), and flags (2.2.6.2.1).
const (
	findDirectory = 0x0101
	findFull      = 0x0102
	findNames     = 0x0103
	findBoth      = 0x0104

	closeAlways = 0x0001
	closeAtEnd  = 0x0002
)

// listing is what the client requests in a find.
type listing struct {
	level, flags uint16
	count        int
}

// findFirst is TRANS2_FIND_FIRST2 (MS-CIFS 2.2.6.2).
func (c *conn) findFirst(r *request, w *writer, t *transaction) uint32 {
	const nameAt = 12
	if len(t.parameters) < nameAt {
		return statusInvalidSMB
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(t.parameters[at:]) }
	l := listing{level: u16(6), flags: u16(4), count: int(u16(2))}
	all, status := c.host.list(r.tree, c.parameterText(r, t.parameters[nameAt:]), u16(0)&attributeDirectory != 0)
	if status != statusOK {
		return status
	}
	if len(c.searches) >= maxSearches {
		return statusTooManyOpenedFiles
	}
	s := &search{tid: r.tid, rest: all}
	data, found, last, status := c.fill(s, l, w.unicode, t.maxData)
	if status != statusOK {
		return status
	}
	c.lastSID = freeID(c.searches, c.lastSID)
	c.searches[c.lastSID] = s
	p := binary.LittleEndian.AppendUint16(nil, c.lastSID)
	return c.transactionAnswer(r, w, statusOK, c.findParameters(p, c.lastSID, l, found, last), data)
}

// findNext is TRANS2_FIND_NEXT2 (MS-CIFS 2.2.6.3). It continues after the last answer.
func (c *conn) findNext(r *request, w *writer, t *transaction) uint32 {
	const nameAt = 12
	if len(t.parameters) < nameAt {
		return statusInvalidSMB
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(t.parameters[at:]) }
	s := c.searches[u16(0)]
	if s == nil || s.tid != r.tid {
		return statusInvalidHandle
	}
	l := listing{count: int(u16(2)), level: u16(4), flags: u16(10)}
	if len(s.rest) == 0 {
		return statusNoMoreFiles
	}
	data, found, last, status := c.fill(s, l, w.unicode, t.maxData)
	if status != statusOK {
		return status
	}
	return c.transactionAnswer(r, w, statusOK, c.findParameters(nil, u16(0), l, found, last), data)
}

// findParameters completes the parameters of an answer, and ends the search if the client
// asked for that.
func (c *conn) findParameters(p []byte, sid uint16, l listing, found, last int) []byte {
	end := uint16(0)
	if len(c.searches[sid].rest) == 0 {
		end = 1
	}
	if l.flags&closeAlways != 0 || l.flags&closeAtEnd != 0 && end == 1 {
		delete(c.searches, sid)
	}
	p = binary.LittleEndian.AppendUint16(p, uint16(found))
	p = binary.LittleEndian.AppendUint16(p, end)
	p = binary.LittleEndian.AppendUint16(p, eaErrorOffset)
	return binary.LittleEndian.AppendUint16(p, uint16(last))
}

// fill writes as many entries as were requested and fit. last is the offset of the last one.
func (c *conn) fill(s *search, l listing, unicode bool, room int) (data []byte, found, last int, status uint32) {
	d := &writer{unicode: unicode}
	for len(s.rest) > 0 && found < l.count {
		d.align(8)
		at := len(d.b)
		if !d.entry(l.level, s.rest[0]) {
			return nil, 0, 0, statusInvalidInfoClass
		}
		if len(d.b) > room {
			d.b = d.b[:at]
			break
		}
		if found > 0 {
			binary.LittleEndian.PutUint32(d.b[last:], uint32(at-last))
		}
		s.rest, last = s.rest[1:], at
		found++
	}
	if found == 0 {
		return nil, 0, 0, statusInvalidParameter // not even one fits
	}
	return d.b, found, last, statusOK
}

// entry writes one file or folder.
func (w *writer) entry(level uint16, i info) (ok bool) {
	name := w.encode(i.name)
	w.u32(0) // NextEntryOffset
	w.u32(0) // FileIndex
	if level != findNames {
		w.times(i)
		w.u64(uint64(i.size))
		w.u64(i.allocation())
		w.u32(i.attributes)
	}
	w.u32(uint32(len(name)))
	switch level {
	case findDirectory, findNames:
	case findFull:
		w.u32(0) // EaSize
	case findBoth:
		w.u32(0)
		w.zeros(2 + 24) // no short name
	default:
		return false
	}
	w.bytes(name)
	return true
}

// list returns the files and folders that match a pattern: `\System32\*`.
func (h *Host) list(t *tree, pattern string, folders bool) ([]info, uint32) {
	folder, mask := "", pattern
	if i := strings.LastIndexByte(pattern, '\\'); i >= 0 {
		folder, mask = pattern[:i], pattern[i+1:]
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n, status := h.find(t, folder)
	switch {
	case status == statusObjectNameNotFound || status == statusOK && !n.isFolder():
		return nil, statusObjectPathNotFound
	case status != statusOK:
		return nil, status
	case n.refusal != statusOK:
		return nil, n.refusal
	}
	var all []info
	for _, name := range []string{".", ".."} {
		self := n.info()
		self.name = name
		all = append(all, self)
	}
	for _, child := range n.sorted() {
		all = append(all, child.info())
	}
	all = slices.DeleteFunc(all, func(i info) bool {
		return i.folder && !folders || !matches(strings.ToUpper(mask), strings.ToUpper(i.name))
	})
	if len(all) == 0 {
		return nil, statusNoSuchFile
	}
	return all, statusOK
}

// matches reports whether a name matches a pattern of an NT file system, both in upper case: `*`
// stands for any characters, `?` for one, and `*.*` for everything.
func matches(pattern, name string) bool {
	if pattern == "*.*" {
		return true
	}
	p, n := []rune(pattern), []rune(name)
	at, star, mark := 0, -1, 0 // the last star, and the end of the characters that it matches so far
	i := 0
	for i < len(n) {
		switch {
		case at < len(p) && p[at] == '*':
			star, mark = at, i
			at++
		case at < len(p) && (p[at] == '?' || p[at] == n[i]):
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '*' {
		at++
	}
	return at == len(p)
}
