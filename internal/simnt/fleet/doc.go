// Package fleet is a fleet of simulated Windows NT servers, one for each state of the way to
// the phone book that is worth seeing, with what a probe has to say of it. The command demo
// serves them, and tests hold the whole exporter against them.
//
// Names, numbers, accounts and passwords are made up.
package fleet
