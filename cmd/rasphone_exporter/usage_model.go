package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

func (u *usage) commandNamed(name string) *kingpin.CmdModel {
	for _, c := range u.model.Commands {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// selected returns the command that is given, or the default.
func (u *usage) selected() *kingpin.CmdModel {
	if u.command != nil {
		return u.command
	}
	return u.commandNamed("serve")
}

func (u *usage) globalFlag(name string) *kingpin.FlagModel { return findFlag(u.model.Flags, name) }

// flag returns a flag that the command takes; nil if there is none.
func (u *usage) flag(name string) *kingpin.FlagModel {
	if f := u.globalFlag(name); f != nil {
		return f
	}
	return findFlag(u.selected().Flags, name)
}

// anyFlag returns a flag of any command; nil if there is none.
func (u *usage) anyFlag(name string) *kingpin.FlagModel {
	if f := u.flag(name); f != nil {
		return f
	}
	for _, c := range u.model.Commands {
		if f := findFlag(c.Flags, name); f != nil {
			return f
		}
	}
	return nil
}

func (u *usage) flagNames() []string {
	var names []string
	for _, f := range slices.Concat(u.model.Flags, u.selected().Flags) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	return names
}

func findFlag(flags []*kingpin.FlagModel, name string) *kingpin.FlagModel {
	if i := slices.IndexFunc(flags, func(f *kingpin.FlagModel) bool { return f.Name == name }); i >= 0 {
		return flags[i]
	}
	return nil
}

// isEnum reports whether a flag takes some words alone, which its own errors list.
func isEnum(f *kingpin.FlagModel) bool {
	return strings.HasPrefix(f.Name, "log.") || f.Name == "output"
}

func isCumulative(v kingpin.Value) bool {
	c, ok := v.(interface{ IsCumulative() bool })
	return ok && c.IsCumulative()
}

// explainValue describes a value that a flag does not take.
func explainValue(f *kingpin.FlagModel, value string, refused error) string {
	if _, ok := errors.AsType[*url.Error](refused); ok || f.Name == "url" {
		return "is not a URL; write it as in " + defaultHealthURL // its value, which is not shown, may have a password
	}
	quoted := config.Quote(value)
	text := refused.Error()
	if words, ok := strings.CutPrefix(text, "enum value must be one of "); ok {
		words, _, _ = strings.Cut(words, ", got ")
		return notOneOf(quoted, value, strings.Split(words, ","))
	}
	switch _, options, _ := strings.Cut(f.Help, "One of: ["); {
	case options != "":
		return notOneOf(quoted, value, strings.Split(strings.TrimRight(options, "]."), ", "))
	case strings.HasPrefix(text, "time: "):
		return quoted + " is not a duration; write " + config.DurationHint(value, 1, maxTimeout, "500ms, 10s or 1m30s")
	case strings.HasPrefix(text, "units: "):
		return quoted + " is not a size; write a number and its unit, as in 32MiB"
	case strings.HasPrefix(text, "strconv."):
		return quoted + " is not a number from 1 to 2147483647"
	}
	return fmt.Sprintf("%s: %v", quoted, refused)
}

func notOneOf(quoted, value string, words []string) string {
	if meant := config.Closest(value, words); meant != "" {
		return fmt.Sprintf("%s is none of %s; did you mean %s?", quoted, strings.Join(words, ", "), meant)
	}
	return fmt.Sprintf("%s is none of %s", quoted, strings.Join(words, ", "))
}
