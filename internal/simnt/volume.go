package simnt

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Attributes of files (MS-CIFS 2.2.1.2.3).
const (
	attributeDirectory = 0x10
	attributeArchive   = 0x20
)

// node is a file or a folder of the simulated disk. What it holds is guarded by Host.mu; the
// contents are replaced and never written to.
type node struct {
	name     string // as it was written
	children map[string]*node
	content  []byte
	size     func() int64 // not nil: a file that a service keeps, which can be asked about and not be read
	modified time.Time
	refusal  uint32  // an NT status that opens are answered with; 0: none
	opens    []*open // that are there now
}

func newFolder(name string, modified time.Time) *node {
	return &node{name: name, children: map[string]*node{}, modified: modified}
}

func (n *node) isFolder() bool { return n.children != nil }

func (n *node) length() int64 {
	if n.size != nil {
		return n.size()
	}
	return int64(len(n.content))
}

func (n *node) attributes() uint32 {
	if n.isFolder() {
		return attributeDirectory
	}
	return attributeArchive
}

// sorted returns what a folder holds in the order of NTFS: by name in upper case.
func (n *node) sorted() []*node {
	var all []*node
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		all = append(all, n.children[key])
	}
	return all
}

// splitPath takes a path apart, `\System32\Ras`. The status says what NT says of one that
// cannot be: empty parts, dots, characters that no name has.
func splitPath(path string) ([]string, uint32) {
	path = strings.Trim(path, `\`)
	if path == "" {
		return nil, statusOK
	}
	parts := strings.Split(path, `\`)
	for _, part := range parts {
		switch {
		case part == ".." || part == ".":
			return nil, statusObjectPathSyntaxBad
		case part == "" || strings.ContainsAny(part, "\"*/:<>?|") || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }):
			return nil, statusObjectNameInvalid
		}
	}
	return parts, statusOK
}

// walk finds a node from another one. The status tells a missing leaf from a missing folder.
func (n *node) walk(path string) (*node, uint32) {
	parts, status := splitPath(path)
	if status != statusOK {
		return nil, status
	}
	for i, part := range parts {
		next := n.children[strings.ToUpper(part)]
		last := i == len(parts)-1
		switch {
		case next == nil && last:
			return nil, statusObjectNameNotFound
		case next == nil || !last && !next.isFolder():
			return nil, statusObjectPathNotFound
		case !last && next.refusal != statusOK && next.refusal != statusSharingViolation:
			return nil, next.refusal
		}
		n = next
	}
	return n, statusOK
}

// make makes what is missing of a path of folders, and returns the last one.
func (n *node) make(folders []string, modified time.Time) *node {
	for _, name := range folders {
		key := strings.ToUpper(name)
		next := n.children[key]
		if next == nil || !next.isFolder() {
			next = newFolder(name, modified)
			n.children[key] = next
		}
		n = next
	}
	return n
}

// remove takes a file or a folder away, and reports whether it was there. What is open stays open.
func (n *node) remove(path string) {
	parts, _ := splitPath(path)
	if len(parts) == 0 {
		return
	}
	last := len(parts) - 1
	if parent, status := n.walk(strings.Join(parts[:last], `\`)); status == statusOK {
		delete(parent.children, strings.ToUpper(parts[last]))
	}
}

// release takes an open off a node.
func (n *node) release(o *open) {
	n.opens = slices.DeleteFunc(n.opens, func(other *open) bool { return other == o })
}
