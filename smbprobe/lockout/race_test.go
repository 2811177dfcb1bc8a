//go:build race

package lockout

// mixtures is less with the race detector, which finds nothing in a simulation.
const mixtures = 80
