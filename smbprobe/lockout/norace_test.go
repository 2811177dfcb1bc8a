//go:build !race

package lockout

// The numbers of random mixtures that are tried.
const (
	mixtures         = 320
	mixturesWithFile = 12
)
