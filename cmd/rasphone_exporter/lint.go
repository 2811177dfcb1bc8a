package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	outputJSON = "json"

	standardInput = "-"

	// maxLintSize is the largest file that is checked, in bytes: the largest max_size.
	maxLintSize = 64 << 20
)

// lint checks copies of a phone book.
type lint struct {
	files  *[]string
	dialed *[]string
	output *string
}

func newLint(c *kingpin.CmdClause) *lint {
	return &lint{
		files:  c.Arg("file", "Copies of a phone book; - is standard input.").Required().Strings(),
		dialed: c.Flag("dialed-entry", "Name of an entry that the Internet Mail Service dials. Repeatable.").PlaceHolder("NAME").Strings(),
		output: c.Flag("output", "What to print: text or json.").Default(outputText).Enum(outputText, outputJSON),
	}
}

func (l *lint) run(ctx context.Context, std streams, _ *slog.Logger) int {
	var verdicts []smbprobe.Verdict
	var all []*report.Lint
	if err := config.CheckDialedEntries(*l.dialed); err != nil {
		printError(std.err, err)
		return exitUsage
	}
	progress := progress{w: std.err, on: isTerminal(std.err), of: len(*l.files)}
	for _, file := range *l.files {
		if file == "" {
			file = standardInput // kingpin drops the dash: it takes it for the start of a short flag
		}
		progress.begin("checking", file)
		found := l.check(ctx, std, file)
		progress.clear()
		if ctx.Err() != nil {
			printError(std.err, errInterrupted)
			return exitUsage
		}
		all = append(all, found)
		switch {
		case found.Error != "":
			verdicts = append(verdicts, smbprobe.VerdictUnknown)
		case !found.Intact:
			verdicts = append(verdicts, smbprobe.VerdictCritical)
		}
	}
	if err := l.print(std.out, all); err != nil {
		fmt.Fprintf(std.err, "%s: error: %v\n", program, err)
		return exitUsage
	}
	return int(smbprobe.WorstVerdict(verdicts...))
}

func (l *lint) check(ctx context.Context, std streams, file string) *report.Lint {
	data, err := interruptible(ctx, func() ([]byte, error) { return readBounded(std.in, file) })
	if err != nil {
		return &report.Lint{File: file, Error: explainRead(file, err)}
	}
	return report.NewLint(file, data, *l.dialed)
}

// explainRead describes a file that cannot be read.
func explainRead(file string, err error) string {
	if info, statErr := os.Stat(file); statErr == nil && info.IsDir() {
		return "is a folder; name the files in it"
	}
	text := fmt.Sprintf("cannot be read: %v", bareError(err))
	switch {
	case !errors.Is(err, fs.ErrNotExist):
	case strings.HasPrefix(file, `\\`) && runtime.GOOS != "windows":
		text += fmt.Sprintf("; a UNC path opens on Windows alone; to read the phone book of a server write: %s probe", program)
	case !strings.ContainsAny(file, `/\`) && filepath.Ext(file) != ".pbk":
		text += fmt.Sprintf("; lint wants a copy of a phone book; to probe a server write: %s probe %s", program, file)
	}
	return text
}

func readBounded(stdin io.Reader, file string) ([]byte, error) {
	in := stdin
	if file != standardInput {
		f, err := os.Open(file) //nolint:gosec // the user names the files to check
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxLintSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxLintSize {
		return nil, fmt.Errorf("larger than %d bytes: not a phone book", maxLintSize)
	}
	return data, nil
}

func (l *lint) print(w io.Writer, all []*report.Lint) error {
	if *l.output == outputJSON {
		return report.WriteJSON(w, all)
	}
	var errs []error
	for i, found := range all {
		if i > 0 {
			_, err := fmt.Fprintln(w)
			errs = append(errs, err)
		}
		errs = append(errs, found.WriteText(w, wantsColour(w)))
	}
	return errors.Join(errs...)
}

// wantsColour reports whether the output is a terminal and NO_COLOR is not set
// (no-color.org).
func wantsColour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}
