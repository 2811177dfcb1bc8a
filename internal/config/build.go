package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxSectionName bounds the names of auths and modules, in bytes.
const maxSectionName = 64

// builder makes a Config of the file's shape.
type builder struct {
	problems      *problems
	env           func(string) (string, bool)
	passwordFiles []PasswordFile
	warnings      []problem
	badNames      map[string]bool // of auths and modules that are left out for their names
}

func (b *builder) warn(line int, path, message string) {
	b.warnings = append(b.warnings, problem{line, path, errors.New(message)})
}

// build validates the shape and reads the passwords.
func build(shape fileConfig, p *problems, env func(string) (string, bool)) (*Config, error) {
	b := &builder{problems: p, env: env, badNames: map[string]bool{}}
	maps.DeleteFunc(shape.Auths, func(name string, a fileAuth) bool { return b.isBadName("auths", name, a.Line) })
	maps.DeleteFunc(shape.Modules, func(name string, m fileModule) bool { return b.isBadName("modules", name, m.Line) })
	auths := map[string]smbprobe.Auth{}
	for _, name := range slices.Sorted(maps.Keys(shape.Auths)) {
		auths[name] = b.readAuth(name, shape.Auths[name])
	}
	c := &Config{modules: map[string]smbprobe.Module{DefaultModule: builtinModule()}}
	for _, name := range slices.Sorted(maps.Keys(shape.Modules)) {
		f := shape.Modules[name]
		m := readModule(name, f, p)
		if missing := missingWindows(m); missing != nil {
			b.warn(f.Line, "modules."+name+".eventlog.windows",
				fmt.Sprintf("lacks %s, which the shipped alert rules and dashboards want spelled so", strings.Join(missing, ", ")))
		}
		c.modules[name] = m
	}
	b.checkAuthorities(shape.Auths, auths)
	c.allowed, c.hosts = b.readTargets(shape.Targets, auths, c.modules)
	c.lockoutFile = b.readLockoutFile(shape.LockoutFile)
	if err := p.err(); err != nil {
		return nil, err
	}
	if len(shape.Targets) == 0 {
		b.warn(0, "targets", "is empty: no host may be probed")
	}
	c.file = filledIn(shape, c.modules)
	if !c.file.LockoutFile.given && c.lockoutFile.err == nil {
		c.file.LockoutFile = given(c.lockoutFile.path)
	}
	c.auths = slices.Sorted(maps.Keys(auths))
	c.path, c.passwordFiles = p.file, b.passwordFiles
	c.warnings = b.warningTexts()
	return c, nil
}

func (b *builder) warningTexts() []string {
	slices.SortStableFunc(b.warnings, func(x, y problem) int { return cmp.Compare(x.line, y.line) })
	var texts []string
	for _, w := range b.warnings {
		texts = append(texts, b.problems.text(w).Error())
	}
	return texts
}

// isBadName reports whether errors and pages cannot print the name of an auth or a module,
// which is a problem.
func (b *builder) isBadName(section, name string, line int) bool {
	if len(name) <= maxSectionName && !strings.ContainsFunc(name, func(r rune) bool { return !isNameChar(r) }) {
		return false
	}
	b.badNames[name] = true
	if section == "auths" {
		b.problems.addf(line, section, "the name of the account here (not shown: it may be a password) may have letters, digits, -, _ and . alone, %d at most", maxSectionName)
		return true
	}
	b.problems.addf(line, join(section, name), "its name may have letters, digits, -, _ and . alone, %d at most", maxSectionName)
	return true
}

// filledIn is the shape with every default in its place.
func filledIn(shape fileConfig, modules map[string]smbprobe.Module) fileConfig {
	full := fileConfig{
		Auths:   map[string]fileAuth{},
		Modules: map[string]fileModule{},

		LockoutFile: shape.LockoutFile,
		Targets:     slices.Clone(shape.Targets),
	}
	for name, a := range shape.Auths {
		if !a.NTLM.given {
			a.NTLM = given(ntlmV2)
		}
		full.Auths[name] = a
	}
	for name, m := range modules {
		full.Modules[name] = writeModule(m)
	}
	for i := range full.Targets {
		if full.Targets[i].Modules == nil {
			full.Targets[i].Modules = givenAll([]string{DefaultModule})
		}
	}
	return full
}
