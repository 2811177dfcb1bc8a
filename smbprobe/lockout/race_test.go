//go:build race

package lockout

// The numbers are less with the race detector, which finds nothing in a simulation and
// makes it ten times slower. TestLongMixtures tries them all, and more.
const (
	mixtures         = 40
	mixturesWithFile = 6
)
