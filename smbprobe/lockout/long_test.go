//go:build long

package lockout

import "testing"

// TestLongMixtures is TestMixtures with more of them, and TestLongMixturesWithFile is
// TestMixturesWithFile.
func TestLongMixtures(t *testing.T) { runMixtures(t, 4000, false) }

func TestLongMixturesWithFile(t *testing.T) { runMixtures(t, 400, true) }
