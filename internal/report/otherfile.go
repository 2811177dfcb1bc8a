package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// otherFile returns what a file that is damaged as a phone book looks like instead, empty if it
// may be a phone book: zero bytes, rubbish and lost lines are what a crash leaves of one.
func otherFile(data []byte, book *phonebook.Book) string {
	for _, known := range fileSignatures {
		if len(data) > known.at && strings.HasPrefix(string(data[known.at:min(len(data), known.at+16)]), known.bytes) {
			return known.text
		}
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	for _, known := range textBeginnings {
		if known.begins.Match(text) {
			return known.text
		}
	}
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text) && bytes.IndexByte(text, '{') >= 0 {
		return "JSON"
	}
	if book.EntryCount > 0 || !isText(text) {
		return ""
	}
	pairs, keys, items, others := 0, 0, 0, 0
	for line := range book.AllLines() {
		switch {
		case line.Kind == phonebook.KindPair && !yamlKey.MatchString(line.Raw):
			pairs++
		case yamlKey.MatchString(line.Raw):
			keys++
		case strings.HasPrefix(strings.TrimSpace(line.Raw), "- "):
			items++
		case line.Kind == phonebook.KindMalformed && !strings.HasPrefix(strings.TrimSpace(line.Raw), "#"):
			others++
		case line.Kind == phonebook.KindBadHeader:
			return ""
		}
	}
	switch {
	case pairs > 0:
		return "" // settings whose entry is lost
	case keys > 0 && keys >= others:
		return "YAML, such as a configuration, which is checked with --config.check"
	case keys+items+others > 0:
		return "text without any [entry] or setting"
	}
	return ""
}

// yamlKey is a line that begins like one of YAML.
var yamlKey = regexp.MustCompile(`^\s*(?:- +)?["']?[A-Za-z_][A-Za-z0-9_.-]*["']?:(?:\s|$)`)

// fileSignatures tell files that are not text by their bytes. None of them can begin a line of a
// phone book.
var fileSignatures = []struct {
	at    int // offset
	bytes string
	text  string
}{
	{0, "MZ\x90\x00", programText},
	{0, "MZ\x00", programText},
	{0, "MZP\x00", programText},
	{0, "\x7fELF", "a program of Linux"},
	{0, "\xcf\xfa\xed\xfe", "a program of macOS"},
	{0, "\x1f\x8b", "a file compressed with gzip; unpack it first"},
	{0, "\x1f\x9d", "a file compressed with compress; unpack it first"},
	{0, "\xfd7zXZ\x00", "a file compressed with xz; unpack it first"},
	{0, "\x28\xb5\x2f\xfd", "a file compressed with zstd; unpack it first"},
	{0, "BZh91AY&SY", "a file compressed with bzip2; unpack it first"},
	{0, "PK\x03\x04", "a zip archive, or a document that is one; unpack it first"},
	{0, "PK\x05\x06", "an empty zip archive"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"},
	{0, "Rar!\x1a\x07", "a RAR archive; unpack it first"},
	{0, "MSCF\x00", "a cabinet (.cab); unpack it first"},
	{0, "SZDD\x88\xf0\x27\x33", "a file compressed with compress.exe; unpack it with expand first"},
	{0, "KWAJ\x88\xf0\x27\xd1", "a file compressed with compress.exe; unpack it with expand first"},
	{257, "ustar", "a tar archive; unpack it first"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Microsoft Office, or an installer"},
	{0, "%PDF-", "a PDF document"},
	{0, "{\\rtf", "an RTF document; save it as text"},
	{0, "regf", "a registry hive"},
	{4, "LfLe", "an event log (.evt)"},
	{0, "ElfFile\x00", "an event log (.evtx)"},
	{0, "\xd4\xc3\xb2\xa1", captureText},
	{0, "\xa1\xb2\xc3\xd4", captureText},
	{0, "\x4d\x3c\xb2\xa1", captureText},
	{0, "\x0a\x0d\x0d\x0a", captureText},
	{0, "SQLite format 3\x00", "a database of SQLite"},
	{0, "\x89PNG", pictureText},
	{0, "\xff\xd8\xff", pictureText},
	{0, "GIF8", pictureText},
}

const (
	programText = "a program of Windows (.exe or .dll)"
	captureText = "a capture of network traffic"
	pictureText = "a picture"
)

// textBeginnings tell text files by how they begin, without the blanks in front.
var textBeginnings = []struct {
	begins *regexp.Regexp
	text   string
}{
	{regexp.MustCompile(`(?i)^<(?:!doctype html|html|head|body)[\s>]`), "a page in HTML, such as an error of a web server"},
	{regexp.MustCompile(`(?i)^<(?:\?xml|!--|!doctype|[a-z][a-z0-9:]*[\s/>])`), "XML or HTML"},
	{regexp.MustCompile(`^(?:REGEDIT4|Windows Registry Editor Version )`), "a file of the registry editor (.reg)"},
	{regexp.MustCompile(`^#!`), "a script"},
	{regexp.MustCompile(`^-----BEGIN [A-Z0-9 ]+-----`), "a certificate or a key (PEM)"},
}

// isText reports whether there are no control characters but those of lines.
func isText(data []byte) bool {
	return !bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' })
}
