package smbtest

import "testing"

// NeedProgram is needProgram for the tests of this package.
func NeedProgram(t testing.TB, name, debianPackage string) string {
	t.Helper()
	return needProgram(t, name, debianPackage)
}
