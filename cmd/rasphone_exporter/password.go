package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// passwordVariable is the environment variable that holds a password.
const passwordVariable = "RASPHONE_PASSWORD"

// readPassword gets the password for an account that the command line names:
// from a file, else from the environment, else from a prompt on a terminal.
func readPassword(std streams, username, file string) (secret.Secret, error) {
	if file != "" {
		return config.ReadPasswordFile(file)
	}
	if password, ok := os.LookupEnv(passwordVariable); ok {
		return secret.New(password), nil
	}
	terminal, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return secret.Secret{}, errors.New("no password: give --password-file, or set " + passwordVariable)
	}
	if _, err := fmt.Fprintf(std.err, "Password of %s: ", username); err != nil {
		return secret.Secret{}, err
	}
	password, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(std.err)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("read the password: %w", err)
	}
	return secret.New(string(password)), nil
}
