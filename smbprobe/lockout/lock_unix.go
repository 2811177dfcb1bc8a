//go:build unix

package lockout

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file for this descriptor until it is closed; false without an error:
// it is locked by another one.
func tryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}
