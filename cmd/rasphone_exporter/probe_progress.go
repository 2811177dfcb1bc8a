package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// progress says on one line of a terminal, written over each time, how far a command
// with several targets is.
type progress struct {
	w    io.Writer
	on   bool
	of   int
	done int
}

// probed says that one more result is there. Of the last one it says nothing: then all
// is printed.
func (p *progress) probed(r *smbprobe.Result) {
	p.done++
	if p.on && p.done < p.of {
		fmt.Fprintf(p.w, "probed %d of %d: %.40s %s", p.done, p.of, r.Target, r.Verdict())
	}
}

// clear takes the line away (ECMA-48 8.3.41), so that something else can be printed;
// probed writes it anew.
func (p *progress) clear() {
	if p.on && p.done > 0 && p.done < p.of {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
