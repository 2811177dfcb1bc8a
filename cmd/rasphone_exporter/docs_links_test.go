package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// documents returns the Markdown files of the root folder and of docs.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, folder := range []string{rootFolder, docsFolder} {
		files, err := filepath.Glob(folder + "/*.md")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	if len(all) < 10 {
		t.Fatalf("found only %q", all)
	}
	return all
}

// TestDocumentLinks: every relative link leads to a file or folder, and to a heading in it if it
// has a fragment.
func TestDocumentLinks(t *testing.T) {
	for _, file := range documents(t) {
		links := relativeLinks(prose(readFile(t, file)))
		for _, link := range links {
			if err := checkLink(file, link); err != nil {
				t.Errorf("%s: link %q: %v", file, link, err)
			}
		}
		if filepath.Base(file) == "README.md" && len(links) < 10 {
			t.Errorf("%s: found only the links %q", file, links)
		}
	}
}

// TestREADMELinksEveryDocument: a reader finds all documents from the README.
func TestREADMELinksEveryDocument(t *testing.T) {
	links := relativeLinks(prose(readFile(t, readmeFile)))
	for _, file := range documents(t) {
		name, err := filepath.Rel(rootFolder, file)
		if err != nil {
			t.Fatal(err)
		}
		if name != "README.md" && !slices.ContainsFunc(links, func(l string) bool { return l == name || strings.HasPrefix(l, name+"#") }) {
			t.Errorf("the README does not link %s", name)
		}
	}
}

// checkLink returns an error if a link of a document leads nowhere.
func checkLink(document, link string) error {
	target, fragment, _ := strings.Cut(link, "#")
	target, err := url.PathUnescape(target)
	if err != nil {
		return err
	}
	file := document
	if target != "" {
		file = filepath.Join(filepath.Dir(document), target)
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if fragment == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if known := anchors(prose(string(text))); !slices.Contains(known, fragment) {
		return fmt.Errorf("no such heading, only %q", known)
	}
	return nil
}

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	heading   = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	// A link or an image: its target, without a title. References such as [text][name] are not used.
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)(?: "[^"]*")?\)`)
	linkText   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// prose returns a document without its blocks of code.
func prose(document string) string { return codeBlock.ReplaceAllString(document, "") }

// relativeLinks returns the targets of all links that have no scheme.
func relativeLinks(text string) []string {
	var links []string
	for _, m := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(text, "code"), -1) {
		if u, err := url.Parse(m[1]); err != nil || u.Scheme == "" {
			links = append(links, m[1])
		}
	}
	return links
}

// anchors returns the fragments that GitHub gives to the headings of a document.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, linkText.ReplaceAllString(m[1], "$1"))
		anchor := slug
		for n := 1; slices.Contains(all, anchor); n++ {
			anchor = fmt.Sprintf("%s-%d", slug, n)
		}
		all = append(all, anchor)
	}
	return all
}

func TestAnchors(t *testing.T) {
	text := prose("# The `probe` command: exit status\n## [Link](x.md), and more\n```\n# no heading\n```\n## Same\n### Same\n")
	want := []string{"the-probe-command-exit-status", "link-and-more", "same", "same-1"}
	if diff := cmp.Diff(want, anchors(text)); diff != "" {
		t.Error(diff)
	}
}

func TestRelativeLinks(t *testing.T) {
	text := prose("[a](b.md) ![c](d.png \"title\") [e](https://f.example/) `[g](h)` [i](#j)\n```\n[k](l)\n```\n")
	if diff := cmp.Diff([]string{"b.md", "d.png", "#j"}, relativeLinks(text)); diff != "" {
		t.Error(diff)
	}
}

// unclear are words that the documents avoid: they are stilted, or have two meanings here.
var unclear = regexp.MustCompile(`(?i)\b(nobody|somebody|anew|for ever|(say|tell)s whether|mend(s|ed|ing)?|dialled|dialling|books?)\b`)

// phoneBook is the one kind of book that is meant.
var phoneBook = regexp.MustCompile(`(?i)phone[\s-]books?`)

var generated = regexp.MustCompile(`(?s)<!-- [a-z-]+:begin -->.*?<!-- [a-z-]+:end -->`)

// TestDocumentWords: what is written by hand in the documents is plain English. Generated parts
// have the words of the code.
func TestDocumentWords(t *testing.T) {
	for _, file := range documents(t) {
		text := generated.ReplaceAllString(readFile(t, file), "")
		text = phoneBook.ReplaceAllString(codeSpan.ReplaceAllString(prose(text), ""), "")
		for line := range strings.Lines(text) {
			if word := unclear.FindString(line); word != "" {
				t.Errorf("%s: %q in: %s", file, word, strings.TrimSpace(line))
			}
		}
	}
}
