//go:build !race

package lockout

const mixtures = 320 // the number of random ones that are tried
