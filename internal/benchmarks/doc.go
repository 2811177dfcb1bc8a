// Package benchmarks measures a scrape as a whole: the exporter against simulated servers
// in a process of their own, and, with build tags, ten thousand targets of a real
// Prometheus, and the programs that an administrator would use instead. It holds tests
// alone.
package benchmarks
