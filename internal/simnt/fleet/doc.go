// Package fleet makes simulated Windows NT servers, one for each state that is worth seeing,
// with the result that a probe should have. The command demo serves them, and tests compare
// the exporter's results with the expected ones.
//
// Names, numbers, accounts and passwords are invented.
package fleet
