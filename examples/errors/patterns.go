package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// updateConfig tells a failed read from a failed write. A missing file is no failure here. A damaged one is, and stays as it is: to take
// it for an empty one would lose what a person could still mend.
func updateConfig(path string, changes map[string]any) (string, error) {
	err := lockedfile.New[map[string]any](path).Update(func(config *map[string]any) error {
		maps.Copy(*config, changes)
		return nil
	})
	var damage *errors.DecodeError
	switch {
	case err == nil:
		return "saved", nil
	case errors.As(err, &damage):
		return fmt.Sprintf("failed to read the config, see line %d: %v", damage.Line, err), nil
	case errors.Is(err, errors.ErrRead):
		return fmt.Sprintf("failed to read the config: %v", err), nil
	case errors.Is(err, errors.ErrNotDurable):
		return fmt.Sprintf("saved, but a crash of the machine may undo it: %v", err), nil // the one error after which the file is new
	case errors.Is(err, errors.ErrWrite):
		return fmt.Sprintf("failed to save the config: %v", err), nil
	}
	return "", err
}

// processWithTimeout waits for other writers, but not for ever. The TimeoutError says for which file it has waited, how long, and who
// has the lock.
func processWithTimeout(path string, patience time.Duration) (string, error) {
	file := lockedfile.New[map[string]int](path, safefile.WithTimeout(patience))
	err := file.Update(increment)
	var late *errors.TimeoutError
	switch {
	case err == nil:
		return "done", nil
	case errors.As(err, &late):
		return fmt.Sprintf("gave up after %v; %s is locked by %s", late.Timeout, late.Path, late.Holder), nil
	case errors.Is(err, errors.ErrFile):
		return fmt.Sprintf("the file operation failed: %v", err), nil
	}
	return "", err
}

// processWithContext is the same in a server. The context ends the wait for the lock; a change that has begun is finished.
func processWithContext(ctx context.Context, path string) (string, error) {
	err := lockedfile.NewContext[map[string]int](path).Update(ctx, increment)
	switch {
	case err == nil:
		return "done", nil
	case errors.Is(err, context.Canceled):
		return "the client has gone", nil
	case errors.Is(err, errors.ErrTimeout): // context.DeadlineExceeded matches too
		return fmt.Sprintf("no time left, nothing was written: %v", err), nil
	case errors.Is(err, errors.ErrLock), errors.Is(err, errors.ErrLockLost):
		return fmt.Sprintf("the lock can't be used, nothing was written: %v", err), nil
	case errors.Is(err, errors.ErrFile):
		return fmt.Sprintf("the file operation failed: %v", err), nil
	}
	return "", err
}

func increment(v *map[string]int) error { (*v)["n"]++; return nil }

var errBusiness = errors.New("the order is paid already")

// describe takes any error. An error of the library is an [errors.Error], which names the operation and the file. An error of the program's
// own function comes back from Update and Locked as it is.
func describe(err error) string {
	var failed *errors.Error
	switch {
	case err == nil:
		return "no error"
	case errors.As(err, &failed):
		return fmt.Sprintf("the library failed to %s %s: %v", failed.Op, failed.Path, failed.Err)
	case err == errBusiness:
		return fmt.Sprintf("the program refused: %v", err)
	}
	return fmt.Sprintf("an unexpected error: %v", err)
}

// readOrDefaults goes on with defaults if the file is missing or damaged, and says so. It writes nothing, so the file can be mended.
func readOrDefaults(path string) (string, error) {
	defaults := map[string]int{"port": 8080}
	config, err := safefile.New[map[string]int](path).Read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		config = defaults
	case errors.Is(err, errors.ErrRead):
		return fmt.Sprintf("warning: %v\ngoing on with %v", err, defaults), nil
	case err != nil:
		return "", err
	}
	return fmt.Sprintf("going on with %v", config), nil
}

// incrementWithRetry tries again if a program without the lock has changed the file between the read and the write. Then nothing was
// written, and the next attempt reads that change.
func incrementWithRetry(path string, meanwhile func() error) (string, error) {
	const attempts = 5
	file := lockedfile.New[map[string]int](path)
	var err error
	for attempt := range attempts {
		err = file.Update(func(v *map[string]int) error {
			(*v)["n"]++
			return meanwhile()
		})
		if !errors.Is(err, errors.ErrChanged) {
			if err != nil {
				return "", err
			}
			text, err := file.ReadBytes()
			return fmt.Sprintf("written by attempt %d, nobody's change is lost: %s", attempt+1, text), err
		}
	}
	return "", fmt.Errorf("%d attempts: %w", attempts, err)
}

// save adds what the caller does not know, and wraps with %w: the caller's errors.Is goes on to work. The error already names the
// operation and the path.
func save(path string, order map[string]any) error {
	if err := safefile.New[map[string]any](path).Write(order); err != nil {
		return fmt.Errorf("order 17 is not saved: %w", err)
	}
	return nil
}
