package main

import (
	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// addLockoutFile adds --lockout.file to a command.
func addLockoutFile(c *kingpin.CmdClause) *string {
	return c.Flag("lockout.file", "File in which what is known of refused logins survives restarts, instead of the configuration's lockout_file; or none.").String()
}

// noLockoutFile is --lockout.file=none, as in the configuration.
const noLockoutFile = "none"

// lockoutFile returns the path that the flag or else the configuration gives; empty: none.
func lockoutFile(flag string, c *config.Config) (string, error) {
	switch flag {
	case "":
		return c.LockoutFile()
	case noLockoutFile:
		return "", nil
	}
	return flag, nil
}
