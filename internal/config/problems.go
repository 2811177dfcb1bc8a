package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	file string // empty: the configuration is the command line's
	list []problem
}

func (p *problems) add(line int, path string, err error) {
	p.list = append(p.list, problem{line, path, err})
}

// addf is add for an error that wraps nothing.
func (p *problems) addf(line int, path, format string, args ...any) {
	p.add(line, path, fmt.Errorf(format, args...))
}

// place returns file and line: "rasphone.yml:12".
func (p *problems) place(line int) string {
	switch {
	case p.file == "":
		return "command line"
	case line == 0:
		return p.file
	}
	return fmt.Sprintf("%s:%d", p.file, line)
}

// err joins the problems in the order of their lines; nil if there are none.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Compare(a.line, b.line)
	})
	var errs []error
	for i, one := range p.list {
		if i == maxProblems {
			errs = append(errs, fmt.Errorf("%s: and %d more problems", p.place(0), len(p.list)-i))
			break
		}
		if one.path == "" {
			errs = append(errs, fmt.Errorf("%s: %w", p.place(one.line), one.err))
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %s: %w", p.place(one.line), one.path, one.err))
	}
	return errors.Join(errs...)
}
