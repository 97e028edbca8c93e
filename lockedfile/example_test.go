package lockedfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// scratch is a directory for an example.
func scratch() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func ExampleLockedFile_Update() {
	dir, remove := scratch()
	defer remove()

	visits := lockedfile.New[map[string]int](filepath.Join(dir, "visits.json"))
	for _, page := range []string{"/", "/about", "/"} {
		err := visits.Update(func(v *map[string]int) error {
			(*v)[page]++
			return nil
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	v, err := visits.Read()
	fmt.Println(v, err)
	// Output: map[/:2 /about:1] <nil>
}

func ExampleLockedFile_Locked() {
	dir, remove := scratch()
	defer remove()

	type account struct{ Balance int }
	purse := lockedfile.New[account](filepath.Join(dir, "purse.yaml"))
	if err := purse.Write(account{Balance: 10}); err != nil {
		fmt.Println(err)
	}
	errTooLittle := errors.New("there is too little in it")
	spend := func(amount int) error {
		return purse.Locked(func(tx *lockedfile.Tx[account]) error {
			a, err := tx.Read()
			if err != nil {
				return err
			}
			if a.Balance < amount {
				return errTooLittle // nothing is written, and this comes back as it is
			}
			a.Balance -= amount
			return tx.Write(a)
		})
	}
	fmt.Println(spend(7), spend(7))
	a, err := purse.Read()
	fmt.Println(a.Balance, err)
	// Output:
	// <nil> there is too little in it
	// 3 <nil>
}

func ExampleContextFile() {
	dir, remove := scratch()
	defer remove()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // to wait for the lock
	defer cancel()

	config := lockedfile.NewContext[map[string]string](filepath.Join(dir, "config.toml"))
	setOwner := func(ctx context.Context, owner string) error { // works alone and within a transaction
		return config.Update(ctx, func(v *map[string]string) error {
			(*v)["owner"] = owner
			if owner == "" {
				return errors.New("an owner is needed")
			}
			return nil
		})
	}
	err := config.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[map[string]string]) error {
		if err := tx.Write(map[string]string{"name": "shop"}); err != nil {
			return err
		}
		if err := setOwner(ctx, ""); err != nil { // undoes just its own writes
			fmt.Println(err)
		}
		return setOwner(ctx, "ada")
	})
	if err != nil {
		fmt.Println(err)
	}
	v, err := config.Read(ctx)
	fmt.Println(v, err)
	// Output:
	// an owner is needed
	// map[name:shop owner:ada] <nil>
}

func ExampleLockAll() {
	dir, remove := scratch()
	defer remove()
	ctx := context.Background()
	from := lockedfile.NewContext[[]string](filepath.Join(dir, "todo.json"))
	to := lockedfile.NewContext[[]string](filepath.Join(dir, "done.json"))
	if err := from.Write(ctx, []string{"wash", "iron"}); err != nil {
		fmt.Println(err)
	}
	err := lockedfile.LockAll(ctx, []string{from.Path(), to.Path()}, func(ctx context.Context) error {
		todo, err := from.Read(ctx)
		if err != nil {
			return err
		}
		if err := to.Merge(ctx, todo[:1]); err != nil {
			return err
		}
		return from.Write(ctx, todo[1:])
	})
	if err != nil {
		fmt.Println(err)
	}
	todo, _ := from.Read(ctx)
	done, _ := to.Read(ctx)
	fmt.Println(todo, done)
	// Output: [iron] [wash]
}

func ExampleRecover() {
	dir, remove := scratch()
	defer remove()
	ctx := context.Background()
	paths := []string{filepath.Join(dir, "cert.txt"), filepath.Join(dir, "key.txt")}

	// At the start of the program: complete what a crash has cut off.
	if err := lockedfile.Recover(ctx, paths); err != nil {
		fmt.Println(err)
	}
	cert, key := lockedfile.NewContext[string](paths[0]), lockedfile.NewContext[string](paths[1])
	err := lockedfile.LockAll(ctx, paths, func(ctx context.Context) error {
		return errors.Join(cert.Write(ctx, "certificate 2"), key.Write(ctx, "key 2"))
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleTryAcquire() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "device.json")

	lock, err := lockedfile.TryAcquire(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = lockedfile.TryAcquire(path)
	fmt.Println("again:", errors.Is(err, errors.ErrLocked))
	fmt.Println("released:", lock.Release())
	// Output:
	// again: true
	// released: <nil>
}

func ExampleInspect() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "state.json")

	lock, err := lockedfile.Acquire(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Release()
	info, err := lockedfile.Inspect(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(info.LockPath), info.Held, info.PID == os.Getpid())
	// Output: state.json.lock true true
}

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
