package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxProblems bounds how many problems one error lists.
const maxProblems = 20

// problem is one thing that is wrong with a configuration.
type problem struct {
	line int    // 0 if it is not known
	path string // "modules.default.timeout"; empty for the file as a whole
	err  error
}

// problems collects what is wrong, so that all of it can be reported at once.
type problems struct {
	file string // empty: the configuration is not from a file
	list []problem

	placeOf func(path string) string // for a configuration of the command line: the flag

	// unread are the paths whose values could not be read. What seems to be missing there
	// is a consequence, which is not reported as well.
	unread []string

	hiddenNames map[string]bool // of accounts, reported already, that no message may show
}

// hideName notes the name of an account that is reported and that no message may show.
func (p *problems) hideName(name string) {
	if p.hiddenNames == nil {
		p.hiddenNames = map[string]bool{}
	}
	p.hiddenNames[name] = true
}

func (p *problems) add(line int, path string, err error) {
	if !p.isUnread(path) {
		p.list = append(p.list, problem{line, path, err})
	}
}

// addf is add for an error that wraps nothing.
func (p *problems) addf(line int, path, format string, args ...any) {
	p.add(line, path, fmt.Errorf(format, args...))
}

// addUnread is add for a value that could not be read.
func (p *problems) addUnread(line int, path string, err error) {
	p.add(line, path, err)
	p.unread = append(p.unread, path)
}

// isUnread reports whether the value at a path, or one that it is part of, could not be read.
func (p *problems) isUnread(path string) bool {
	return slices.ContainsFunc(p.unread, func(unread string) bool {
		rest, inside := strings.CutPrefix(path, unread)
		return inside && (unread == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// place returns file and line: "rasphone.yml:12".
func (p *problems) place(line int) string {
	if line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d", p.file, line)
}

// text returns a problem as one line: "rasphone.yml:12: modules.default.timeout: ...".
func (p *problems) text(one problem) error {
	err := one.err
	path := one.path
	if p.placeOf != nil {
		path = p.placeOf(path)
	}
	if path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if p.file != "" {
		err = fmt.Errorf("%s: %w", p.place(one.line), err)
	}
	return err
}

// err joins the problems in the order of their lines; nil if there are none.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Compare(a.line, b.line)
	})
	var errs []error
	for i, one := range p.list {
		if i == maxProblems {
			errs = append(errs, p.text(problem{err: fmt.Errorf("and %d more problems", len(p.list)-i)}))
			break
		}
		errs = append(errs, p.text(one))
	}
	return errors.Join(errs...)
}
