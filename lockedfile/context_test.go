package lockedfile_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// every is each operation of a ContextFile that joins a transaction.
func every(f *lockedfile.ContextFile[counters]) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Read":        func(ctx context.Context) error { _, err := f.Read(ctx); return err },
		"ReadOr":      func(ctx context.Context) error { _, err := f.ReadOr(ctx, nil); return err },
		"ReadBytes":   func(ctx context.Context) error { _, err := f.ReadBytes(ctx); return err },
		"ReadVersion": func(ctx context.Context) error { _, _, err := f.ReadVersion(ctx); return err },
		"WriteIf": func(ctx context.Context) error {
			_, seen, err := f.ReadVersion(ctx)
			return errors.Join(err, f.WriteIf(ctx, counters{"a": 1}, seen))
		},
		"Write":      func(ctx context.Context) error { return f.Write(ctx, counters{"a": 1}) },
		"WriteBytes": func(ctx context.Context) error { return f.WriteBytes(ctx, []byte("{}")) },
		"Merge":      func(ctx context.Context) error { return f.Merge(ctx, counters{"b": 1}) },
		"Append":     func(ctx context.Context) error { return f.Append(ctx, "\n") },
		"Remove":     func(ctx context.Context) error { return f.Remove(ctx) },
		"Update":     func(ctx context.Context) error { return f.Update(ctx, func(*counters) error { return nil }) },
		"Locked": func(ctx context.Context) error {
			return f.Locked(ctx, func(context.Context, *lockedfile.Tx[counters]) error { return nil })
		},
	}
}

// everyCall is each call of a ContextFile, also those that join no transaction.
func everyCall(f *lockedfile.ContextFile[counters]) map[string]func(ctx context.Context) error {
	all := every(f)
	all["Verify"] = f.Verify
	all["Open"] = func(ctx context.Context) error { _, err := f.Open(ctx); return err }
	all["Create"] = func(ctx context.Context) error { _, err := f.Create(ctx); return err }
	return all
}

// everyPlainCall is the same of a LockedFile.
func everyPlainCall(f *lockedfile.LockedFile[counters]) map[string]func() error {
	return map[string]func() error{
		"Read":        func() error { _, err := f.Read(); return err },
		"ReadOr":      func() error { _, err := f.ReadOr(nil); return err },
		"ReadBytes":   func() error { _, err := f.ReadBytes(); return err },
		"ReadVersion": func() error { _, _, err := f.ReadVersion(); return err },
		"WriteIf":     func() error { return f.WriteIf(nil, safefile.Version{}) },
		"Write":       func() error { return f.Write(nil) },
		"WriteBytes":  func() error { return f.WriteBytes(nil) },
		"Merge":       func() error { return f.Merge(nil) },
		"Append":      func() error { return f.Append("") },
		"Remove":      f.Remove,
		"Verify":      f.Verify,
		"Open":        func() error { _, err := f.Open(); return err },
		"Create":      func() error { _, err := f.Create(); return err },
		"Locked":      func() error { return f.Locked(func(*lockedfile.Tx[counters]) error { panic("it ran") }) },
		"Update":      func() error { return f.Update(func(*counters) error { panic("it ran") }) },
	}
}

func contextFile(t *testing.T, opts ...safefile.Option) *lockedfile.ContextFile[counters] {
	return lockedfile.NewContext[counters](filepath.Join(t.TempDir(), "f.json"), opts...)
}

func TestEveryOperationJoinsTheTransactionOfItsContext(t *testing.T) {
	ctx := context.Background()
	for name := range every(contextFile(t)) {
		// A limit of nothing: waiting instead of joining would fail.
		f := contextFile(t, safefile.WithTimeout(0))
		operation := every(f)[name]
		testkit.Must(t, f.Write(ctx, counters{"before": 1}))
		testkit.Must(t, f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
			testkit.Must(t, tx.Write(counters{"staged": 1}))
			if v, err := f.Read(ctx); err != nil || v["staged"] != 1 {
				t.Errorf("Read inside gave %v, %v", v, err)
			}
			testkit.WantNil(t, fmt.Sprintf("%s inside", name), operation(ctx))
			if v, err := f.Read(context.Background()); err != nil || v["before"] != 1 {
				t.Errorf("Read outside gave %v, %v", v, err)
			}
			return nil
		}))
	}
}

func TestStreamsCannotBePartOfATransaction(t *testing.T) {
	f := contextFile(t)
	testkit.Must(t, f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		joins := every(f)
		calls := everyCall(f)
		calls["LockAll"] = func(ctx context.Context) error {
			return lockedfile.LockAll(ctx, []string{f.Path()}, func(context.Context) error { return nil })
		}
		calls["Acquire"] = func(ctx context.Context) error { _, err := lockedfile.Acquire(ctx, f.Path()); return err }
		for name, call := range calls {
			if joins[name] != nil {
				continue
			}
			testkit.WantIs(t, fmt.Sprintf("%s inside a transaction", name), call(ctx), errors.ErrLock)
		}
		return nil
	}))
}

func TestAJoinedFunctionIsASavepoint(t *testing.T) {
	f := contextFile(t)
	other := lockedfile.NewContext[map[string]any](f.Path()) // another handle, another type
	testkit.Must(t, f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		testkit.Must(t, tx.Write(counters{"kept": 1}))
		testkit.WantIs(t, "it", f.Update(ctx, func(v *counters) error { (*v)["undone"] = 1; return errOwn }), errOwn)
		panicked := testkit.Panic(func() {
			f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
				testkit.Must(t, tx.Remove())
				testkit.Must(t, f.Write(ctx, counters{"undone": 2}))
				panic("a panic")
			})
		})
		if panicked != "a panic" {
			t.Errorf("the panic became %v", panicked)
		}
		return other.Update(ctx, func(v *map[string]any) error {
			(*v)["joined"] = 1
			return nil
		})
	}))
	if v, err := f.Read(context.Background()); err != nil || len(v) != 2 || v["kept"] != 1 || v["joined"] != 1 {
		t.Errorf("the file holds %v, %v", v, err)
	}
}

func TestAContextCarriesNothingAfterItsTransaction(t *testing.T) {
	f := contextFile(t)
	var kept context.Context
	testkit.Must(t, f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		kept = ctx
		return tx.Write(counters{"a": 1})
	}))
	testkit.Must(t, f.Update(kept, func(v *counters) error { (*v)["a"]++; return nil }))
	testkit.Must(t, f.Locked(kept, func(ctx context.Context, tx *lockedfile.Tx[counters]) error { // a new one
		return f.Update(ctx, func(v *counters) error { (*v)["a"]++; return nil })
	}))
	if v, err := f.Read(kept); err != nil || v["a"] != 3 {
		t.Errorf("read %v, %v", v, err)
	}
}

func TestOneFileByTwoLockFilesIsAnError(t *testing.T) {
	f := contextFile(t)
	elsewhere := lockedfile.NewContext[counters](f.Path(), safefile.WithLockDir(t.TempDir()))
	testkit.Must(t, f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		for name, operation := range every(elsewhere) {
			testkit.WantIs(t, fmt.Sprintf("%s by another lock file", name), operation(ctx), errors.ErrLock)
		}
		return nil
	}))
	_, err := f.Read(context.Background())
	testkit.WantIs(t, "it", err, fs.ErrNotExist)
}

func TestAContextEndsTheWaitForAnotherProcess(t *testing.T) {
	f := contextFile(t)
	holder := occupied(t, f.Path())
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(context.Background())
	result := make(chan error)
	go func() { result <- f.Write(ctx, nil) }()
	untilWaiting(t)
	cancel(cause)
	testkit.WantIs(t, "it", <-result, cause, context.Canceled, errors.ErrLock)

	deadline, end := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer end()
	testkit.WantIs(t, "it", f.Write(deadline, nil), context.DeadlineExceeded, errors.ErrTimeout)
	holder.Tell()
	holder.Expect("released")
	testkit.Must(t, f.Write(context.Background(), nil))
}
