package lockedfile_test

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// A bare lock keeps every writer out while a program does work that is no transaction, such
// as running another program on the file.
func ExampleAcquire() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "state.json")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // for the wait
	defer cancel()

	lock, err := lockedfile.Acquire(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("here no other program writes the file")
	fmt.Println(lock.Release())
	// Output:
	// here no other program writes the file
	// <nil>
}

// A person who knows that the holder of a lock hangs can take the lock away.
func ExampleForceRelease() {
	dir, remove := scratch()
	defer remove()
	state := lockedfile.New[map[string]int](filepath.Join(dir, "state.json"))

	err := state.Update(func(v *map[string]int) error { // this function holds the lock for too long
		(*v)["runs"]++
		return lockedfile.ForceRelease(state.Path())
	})
	fmt.Println(errors.Is(err, errors.ErrLockLost))
	_, err = state.Read()
	fmt.Println(errors.Is(err, errors.ErrRead)) // nothing was written
	// Output:
	// true
	// true
}
