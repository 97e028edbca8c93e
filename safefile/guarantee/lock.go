package guarantee

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/holdfast-go/holdfast/errors"
)

// helperTimeout limits the time in which a second process tries a lock.
const helperTimeout = 10 * time.Second

// The exit status of a helper.
const (
	statusGot  = 0
	statusHeld = 1
)

// lockExclusion holds a lock while a second process tries it. Then it releases the lock, and the second
// process tries again. So a helper that always gives the same answer is noticed.
func lockExclusion(v *visit) outcome {
	path := v.name(v.lockDir, "lock")
	argv := v.lockCommand(path)
	if argv == nil {
		return unknown("no second process to try it: flock(1) is not installed and Helper names none")
	}
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_EXCL|os.O_RDWR), flock.SetPermissions(0o600))
	if got, err := lock.TryLock(); err != nil || !got {
		return failed("a lock file that nobody else knows can't be locked: %v", err)
	}
	defer lock.Close()
	held, err := tryElsewhere(argv, v.timeout)
	if err != nil {
		return unknown("%v", err)
	}
	if held != statusHeld {
		return failed("a second process got the lock while it was held")
	}
	v.fail(lock.Unlock())
	free, err := tryElsewhere(argv, v.timeout)
	if err != nil {
		return unknown("%v", err)
	}
	if free != statusGot {
		return failed("a second process was refused the lock while it was free")
	}
	return passed("a second process was refused while it was held, not after")
}

// lockCommand gives the program that tries the lock at path; nil if there is none.
func (v *visit) lockCommand(path string) []string {
	if len(v.helper) > 0 {
		return append(v.helper[:len(v.helper):len(v.helper)], path)
	}
	program, err := exec.LookPath("flock")
	if err != nil {
		return nil
	}
	return []string{program, "-n", "-x", path, "true"}
}

// tryElsewhere runs the program and gives its exit status, which is statusGot or
// statusHeld. Any other status is an error.
func tryElsewhere(argv []string, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("%s did not end within %v", argv[0], timeout)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == statusHeld {
		return statusHeld, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s could not try the lock: %w: %q", argv[0], err, excerpt(output))
	}
	return statusGot, nil
}

// excerpt cuts a program's output.
func excerpt(output []byte) string {
	const enough = 200
	text := strings.TrimSpace(string(output))
	if len(text) > enough {
		text = text[:enough] + "…"
	}
	return text
}
