package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// usageTemplate is kingpin's own, and without a command it shows the flags of the default
// command as well.
var usageTemplate = strings.Replace(kingpin.DefaultUsageTemplate,
	"{{else if .App.Commands -}}\nCommands:\n",
	`{{else if .App.Commands -}}
{{range .App.Commands}}{{if .Default -}}
Flags of {{.Name}}, which is the command if none is given:
{{.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{end}}{{end -}}
Commands:
`, 1)

// explainUsage returns what is wrong with arguments that kingpin refused, and what to write
// instead. Kingpin's errors are texts, and some do not name the flag: the arguments are read
// again with its model. If nothing is found, the error is kingpin's own.
func explainUsage(args []string, refused error) []string {
	u := newUsage(args)
	u.read()
	if u.found == nil {
		u.add("%v; %s", refused, u.seeHelp())
	}
	return u.found
}

// misread returns what is wrong with arguments that kingpin takes for something else: the
// value of a flag that has none is an argument to it, and help about no command is none.
func misread(args []string) []string {
	u := newUsage(args)
	all := u.split()
	for _, a := range all {
		f := u.anyFlag(a.flag)
		if f == nil || !a.hasValue {
			continue
		}
		if f.IsBoolFlag() {
			u.add("--%s takes no value; write --%s, or leave it out", a.flag, a.flag)
		} else if a.value == "" && f.Name != "web.config.file" && f.Name != "dialed-entry" && !isEnum(f) {
			u.add("--%s is empty; write a value, or leave it out", a.flag)
		}
	}
	for _, text := range u.args {
		if text == "--" {
			break
		}
		if strings.HasPrefix(text, "@") { // kingpin reads arguments from that file; the text may be a password
			u.add("an argument begins with @, and arguments are not read from files; write a value as --FLAG=@VALUE, a file as ./@FILE")
		}
	}
	if len(all) > 1 && all[0].text == "lint" && slices.ContainsFunc(all[1:], func(a argument) bool { return a.text == "" }) {
		u.add(`"" is not a file; name a copy of a phone book, or write - for standard input`) // kingpin takes it for -
	}
	if len(all) > 1 && all[0].text == "help" && u.commandNamed(all[1].text) == nil {
		u.unknownCommand(all[1].text)
	}
	return u.found
}

func newUsage(args []string) *usage {
	app, _, _ := application()
	return &usage{model: app.Model(), args: args}
}

// usage is a command line that is being read for mistakes.
type usage struct {
	model   *kingpin.ApplicationModel
	args    []string
	command *kingpin.CmdModel // nil: none is given
	found   []string
}

func (u *usage) add(format string, args ...any) {
	u.found = append(u.found, fmt.Sprintf(format, args...))
}

// argument is a flag with its value, or something else.
type argument struct {
	text     string // as it was typed, a value in an argument of its own included
	flag     string // name of a long flag; empty: not one
	value    string
	hasValue bool
}

// split finds out what the arguments are. Whether a flag takes a value is taken from any
// command that has it.
func (u *usage) split() []argument {
	var all []argument
	for i := 0; i < len(u.args); i++ {
		a := argument{text: u.args[i]}
		if a.text == "--" {
			for _, rest := range u.args[i+1:] {
				all = append(all, argument{text: rest})
			}
			break
		}
		if name, ok := strings.CutPrefix(a.text, "--"); ok {
			a.flag, a.value, a.hasValue = strings.Cut(name, "=")
			flag := u.anyFlag(a.flag)
			takesValue := flag != nil && !flag.IsBoolFlag() || flag == nil && isPasswordFlag(a.flag) && i+1 < len(u.args) && !isCommand(u.args[i+1])
			if takesValue && !a.hasValue && i+1 < len(u.args) && !strings.HasPrefix(u.args[i+1], "-") {
				i++
				a.value, a.hasValue = u.args[i], true
				a.text += " " + u.args[i]
			}
		}
		all = append(all, a)
	}
	return all
}

func (u *usage) read() {
	arguments := u.split()
	first := slices.IndexFunc(arguments, func(a argument) bool { return a.flag == "" && (a.text == "-" || !strings.HasPrefix(a.text, "-")) })
	if first >= 0 {
		u.command = u.commandNamed(arguments[first].text)
		if u.command == nil {
			u.unknownCommand(arguments[first].text)
			return
		}
	}
	given := map[string]int{}
	positional := 0
	for i, a := range arguments {
		switch {
		case a.flag != "":
			given[u.ownName(a.flag)]++
			u.readFlag(a, arguments, i < first)
		case strings.HasPrefix(a.text, "-") && len(a.text) > 1:
			u.shortFlag(a.text)
		case i != first:
			positional++
			u.readPositional(a.text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if f := u.flag(name); f != nil && given[name] > 1 && !isCumulative(f.Value) {
			u.add("--%s is given %d times; give it once", name, given[name])
		}
	}
	if u.command != nil && u.command.Name == "lint" && positional == 0 {
		u.add("lint needs a file: a copy of a phone book, or - for standard input")
	}
}

// ownName returns the name of a flag without the no- that negates a switch.
func (u *usage) ownName(name string) string {
	if own, negated := strings.CutPrefix(name, "no-"); negated && u.flag(name) == nil {
		if f := u.flag(own); f != nil && f.IsBoolFlag() {
			return own
		}
	}
	return name
}

// unknownCommand describes a first word that is not a command.
func (u *usage) unknownCommand(word string) {
	var names []string
	for _, c := range u.model.Commands {
		names = append(names, c.Name)
	}
	quoted := config.Quote(word)
	extension := strings.ToLower(filepath.Ext(word))
	switch meant := config.Closest(word, names); {
	case word == "/?" || word == "?" || strings.EqualFold(word, "/h") || strings.EqualFold(word, "/help"):
		u.add("%s is not a command; did you mean --help?", quoted)
	case extension == ".pbk":
		u.add("%s is not a command; to check a phone book write: %s lint %s", quoted, program, word)
	case extension == ".yml" || extension == ".yaml":
		u.add("%s is not a command; to use a configuration write: %s --config.file=%s", quoted, program, word)
	case meant != "":
		u.add("%s is not a command; did you mean %s?", quoted, meant)
	case strings.ContainsAny(word, `.:\/`):
		u.add("%s is not a command; to probe a server write: %s probe %s", quoted, program, word)
	default:
		u.add("%s is not a command; the commands are %s", quoted, strings.Join(names, ", "))
	}
}

// readFlag looks for what is wrong with a flag and its value.
func (u *usage) readFlag(a argument, all []argument, beforeCommand bool) {
	name := a.flag
	f := u.flag(name)
	if f == nil {
		if negated, ok := strings.CutPrefix(name, "no-"); ok {
			if f = u.flag(negated); f != nil && f.IsBoolFlag() {
				return
			}
		}
		u.unknownFlag(a)
		return
	}
	if beforeCommand && u.globalFlag(name) == nil {
		u.add("--%s is a flag of %s and goes after it; write: %s", name, u.command.Name, u.reordered(all))
		return
	}
	switch {
	case f.IsBoolFlag():
	case !a.hasValue:
		u.add("--%s needs a value; write --%s=VALUE", name, name)
	default:
		if err := f.Value.Set(a.value); err != nil {
			u.add("--%s: %s", name, explainValue(f, a.value, err))
		}
	}
}

// unknownFlag describes a flag that the command does not have.
func (u *usage) unknownFlag(a argument) {
	name := a.flag
	var others []string
	for _, c := range u.model.Commands {
		if findFlag(c.Flags, name) != nil {
			others = append(others, c.Name)
		}
	}
	switch meant := config.Closest(name, u.flagNames()); {
	case isPasswordFlag(name):
		u.noPassword()
	case len(others) > 0 && u.command == nil:
		u.add("--%s is a flag of %s; write: %s %s --%s ...", name, strings.Join(others, " and "), program, others[0], name)
	case len(others) > 0:
		u.add("--%s is a flag of %s, not of %s", name, strings.Join(others, " and "), u.command.Name)
	case meant != "":
		u.add("there is no flag --%s; did you mean --%s?", name, meant)
	default:
		u.add("there is no flag --%s; %s", name, u.seeHelp())
	}
}

// isPasswordFlag reports whether a flag that does not exist is meant to take a password.
func isPasswordFlag(name string) bool {
	switch strings.ToLower(name) {
	case "password", "pass", "passwd", "pwd", "pw":
		return true
	}
	return false
}

func (u *usage) noPassword() {
	u.add("no flag takes a password, which other users could read in the list of processes; use --password-file, the environment variable %s, or the prompt", passwordVariable)
}

// shortFlag describes an argument with one dash: there is only -h.
func (u *usage) shortFlag(text string) {
	switch text {
	case "-h":
		return
	case "-v", "-V":
		u.add("there is no flag %s; did you mean --version?", text)
		return
	case "-?":
		u.add("there is no flag %s; did you mean --help?", text)
		return
	}
	name, value, hasValue := strings.Cut(text[1:], "=")
	if isPasswordFlag(name) {
		u.noPassword()
		return
	}
	if text[1] == 'p' && u.flag(name) == nil && config.Closest(name, u.flagNames()) == "" { // as -pPASSWORD of other programs
		text = "-p"
	}
	meant := name
	if u.flag(name) == nil {
		meant = config.Closest(name, u.flagNames())
	}
	switch {
	case meant == "" || len(name) < 2:
		u.add("there is no flag %s; %s", text, u.seeHelp())
	case hasValue:
		u.add("there is no flag -%s; did you mean --%s=%s, with two dashes?", name, meant, value)
	default:
		u.add("there is no flag -%s; did you mean --%s, with two dashes?", name, meant)
	}
}

// readPositional describes an argument of a command that takes none.
func (u *usage) readPositional(text string) {
	if len(u.command.Args) > 0 {
		return
	}
	if u.commandNamed(text) != nil {
		u.add("%s and %s are both commands; write one of them", u.command.Name, text)
		return
	}
	switch u.command.Name {
	case "serve":
		u.add("serve takes no arguments, and %s is one; to probe a server write: %s probe %s", config.Quote(text), program, text)
	case "demo":
		u.add("demo takes no arguments, and %s is one; to probe a server of the demo write: %s probe --demo %s", config.Quote(text), program, text)
	default:
		u.add("%s takes no arguments, and %s is one", u.command.Name, config.Quote(text))
	}
}

// reordered returns the command line with the command in front.
func (u *usage) reordered(all []argument) string {
	words := []string{program, u.command.Name}
	dropped := false
	for _, a := range all {
		if a.text == u.command.Name && a.flag == "" && !dropped {
			dropped = true
			continue
		}
		words = append(words, a.text)
	}
	return strings.Join(words, " ")
}

func (u *usage) seeHelp() string {
	if u.command == nil {
		return program + " --help lists the flags"
	}
	return program + " " + u.command.Name + " --help lists the flags"
}
