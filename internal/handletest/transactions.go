package handletest

import (
	"context"
	"encoding/json"
	"io/fs"
	"runtime"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

var transactions = map[string]func(t *testing.T, p *Place){
	"an update of a missing file starts from the zero value": func(t *testing.T, p *Place) {
		m := p.counters("map.json")
		testkit.Must(t, m.Update(func(v *counters) error {
			if *v == nil {
				t.Error("the map is nil")
			}
			(*v)["a"]++
			return nil
		}))
		s := lockedfile.New[struct{ Name string }](p.path("struct.json"), p.Options)
		testkit.Must(t, s.Update(func(v *struct{ Name string }) error { v.Name += "x"; return nil }))
		if v, err := m.Read(); err != nil || v["a"] != 1 {
			t.Errorf("read %v, %v", v, err)
		}
		if v, err := s.Read(); err != nil || v.Name != "x" {
			t.Errorf("read %v, %v", v, err)
		}
	},

	"a transaction on a missing file": func(t *testing.T, p *Place) {
		f := p.counters("f.json")
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
			_, err := tx.Read()
			testkit.WantIs(t, "Read", err, fs.ErrNotExist)
			_, err = tx.ReadBytes()
			testkit.WantIs(t, "ReadBytes", err, fs.ErrNotExist)
			testkit.WantIs(t, "Remove", tx.Remove(), fs.ErrNotExist)
			if v, err := tx.ReadOr(counters{"def": 1}); err != nil || v["def"] != 1 {
				t.Errorf("ReadOr gave %v, %v", v, err)
			}
			return nil
		}))
		p.want(t, "f.json", testkit.Missing)
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error { return tx.Merge(counters{"a": 1}) }))
		if v, err := f.Read(); err != nil || v["a"] != 1 {
			t.Errorf("read %v, %v", v, err)
		}
	},

	"a file that is made and removed in one transaction": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		for _, before := range []string{"", "old"} {
			if before != "" {
				testkit.Must(t, f.Write(before))
			}
			testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[string]) error {
				return errors.Join(tx.Write("new"), tx.Append("er"), tx.Remove())
			}))
			p.want(t, "f.txt", testkit.Missing)
		}
	},

	"a transaction sees what it staged": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Write("old"))
		see := func(tx *lockedfile.Tx[string], want string) {
			t.Helper()
			if got, err := tx.Read(); err != nil || got != want {
				t.Errorf("Read gave %q, %v, want %q", got, err, want)
			}
			if got, err := tx.ReadBytes(); err != nil || string(got) != want {
				t.Errorf("ReadBytes gave %q, %v, want %q", got, err, want)
			}
		}
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[string]) error {
			see(tx, "old")
			testkit.Must(t, tx.Append(" and more"))
			see(tx, "old and more")
			testkit.Must(t, tx.Write("new"))
			see(tx, "new")
			testkit.Must(t, tx.Remove())
			_, err := tx.Read()
			testkit.WantIs(t, "Read", err, fs.ErrNotExist)
			testkit.Must(t, tx.WriteBytes([]byte("bytes")))
			see(tx, "bytes")
			p.want(t, "f.txt", "old")
			return nil
		}))
		p.want(t, "f.txt", "bytes")
	},

	"a function that fails leaves the file and frees the lock": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Write("old"))
		for name, c := range map[string]struct {
			end  func() error
			want any
		}{
			"error":  {func() error { return errOwn }, errOwn},
			"panic":  {func() error { panic("a panic") }, "a panic"},
			"Goexit": {func() error { runtime.Goexit(); return nil }, nil},
		} {
			done := make(chan any)
			go func() {
				var outcome any
				defer func() {
					if v := recover(); v != nil {
						outcome = v
					}
					done <- outcome
				}()
				outcome = f.Locked(func(tx *lockedfile.Tx[string]) error {
					testkit.WantNil(t, "Write", tx.Write("new"))
					return c.end()
				})
			}()
			if got := <-done; got != c.want {
				t.Errorf("%s came out as %v", name, got)
			}
			p.want(t, "f.txt", "old")
			p.wantFree(t, "f.txt")
		}
	},

	"nobody sees what is done to a value that was read": func(t *testing.T, p *Place) {
		f := lockedfile.New[map[string]json.RawMessage](p.path("f.json"), p.Options)
		testkit.Must(t, f.WriteBytes([]byte(`{"k":[1,2]}`)))
		want := p.content("f.json")
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[map[string]json.RawMessage]) error {
			for range 3 {
				v, err := tx.Read()
				testkit.Must(t, err)
				clear(v["k"])
				data, err := tx.ReadBytes()
				testkit.Must(t, err)
				if string(data) != want {
					t.Errorf("a function sees what was done to a value: %s", data)
				}
				clear(data)
			}
			return nil
		}))
		p.want(t, "f.json", want)
		data, err := f.ReadBytes()
		testkit.Must(t, err)
		clear(data)
		if again, err := f.ReadBytes(); err != nil || string(again) != want {
			t.Errorf("read %q, %v", again, err)
		}
	},

	"every operation joins the transaction of its context": func(t *testing.T, p *Place) {
		f := p.context("f.json")
		ctx := context.Background()
		testkit.Must(t, f.Write(ctx, counters{"before": 1}))
		testkit.Must(t, f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
			testkit.Must(t, tx.Write(counters{"staged": 1}))
			testkit.Must(t, f.Update(ctx, func(v *counters) error { (*v)["joined"] = (*v)["staged"]; return nil }))
			if v, err := f.Read(context.Background()); err != nil || v["before"] != 1 {
				t.Errorf("Read outside gave %v, %v", v, err)
			}
			for name, call := range map[string]func() error{
				"Open":    func() error { _, err := f.Open(ctx); return err },
				"Create":  func() error { _, err := f.Create(ctx); return err },
				"Verify":  func() error { return f.Verify(ctx) },
				"Acquire": func() error { _, err := lockedfile.Acquire(ctx, f.Path(), p.Options); return err },
			} {
				testkit.WantIs(t, name+" in a transaction", call(), errors.ErrLock)
			}
			return nil
		}))
		if v, err := f.Read(ctx); err != nil || v["joined"] != 1 || v["before"] != 0 {
			t.Errorf("read %v, %v", v, err)
		}
	},

	"a joined function is a savepoint": func(t *testing.T, p *Place) {
		f := p.context("f.json")
		testkit.Must(t, f.Locked(context.Background(), func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
			testkit.Must(t, tx.Write(counters{"kept": 1}))
			testkit.WantIs(t, "Update", f.Update(ctx, func(v *counters) error { (*v)["undone"] = 1; return errOwn }), errOwn)
			if got := testkit.Panic(func() {
				f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
					testkit.Must(t, tx.Remove())
					panic("a panic")
				})
			}); got != "a panic" {
				t.Errorf("the panic became %v", got)
			}
			return f.Merge(ctx, counters{"joined": 1})
		}))
		if v, err := f.Read(context.Background()); err != nil || len(v) != 2 || v["kept"] != 1 || v["joined"] != 1 {
			t.Errorf("the file holds %v, %v", v, err)
		}
	},

	"an outside change between read and commit survives": func(t *testing.T, p *Place) {
		for name, change := range map[string]func(path string){
			"replaced": func(path string) { p.Put(path, `{"theirs":1}`) },
			"removed":  p.Delete,
		} {
			f := p.counters("f.json")
			testkit.Must(t, f.Write(counters{"mine": 1}))
			after := ""
			err := f.Update(func(v *counters) error {
				change(f.Path())
				after = p.content("f.json")
				(*v)["mine"]++
				return nil
			})
			testkit.WantIs(t, name, err, errors.ErrChanged)
			p.want(t, "f.json", after)
			testkit.Must(t, f.Update(func(v *counters) error { (*v)["again"] = 1; return nil }))
			testkit.Must(t, f.Remove())
		}
	},

	"a blind write goes over an outside change": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.WriteBytes([]byte("old")))
		testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[string]) error {
			p.Put(f.Path(), "theirs")
			return tx.WriteBytes([]byte("mine"))
		}))
		p.want(t, "f.txt", "mine")
	},

	"LockAll commits all files or none": func(t *testing.T, p *Place) {
		names := []string{"a.json", "b.json", "c.json"}
		var paths []string
		for _, name := range names {
			paths = append(paths, p.path(name))
		}
		add := func(ctx context.Context) error {
			for _, name := range names {
				if err := p.context(name).Update(ctx, func(v *counters) error { (*v)["n"]++; return nil }); err != nil {
					return err
				}
			}
			return nil
		}
		ctx := context.Background()
		if err := lockedfile.LockAll(ctx, paths, func(ctx context.Context) error { return errors.Join(add(ctx), errOwn) }, p.Options); !errors.Is(err, errOwn) {
			t.Errorf("got %v, want the function's own error", err)
		}
		for _, lost := range paths {
			err := lockedfile.LockAll(ctx, paths, func(ctx context.Context) error {
				return errors.Join(add(ctx), lockedfile.ForceRelease(lost, p.Another))
			}, p.Options)
			testkit.WantIs(t, "a LockAll that lost "+lost, err, errors.ErrLockLost)
		}
		for _, name := range names {
			p.want(t, name, testkit.Missing)
			p.wantFree(t, name)
		}
		testkit.Must(t, lockedfile.LockAll(ctx, append(paths, paths[0]), add, p.Options))
		for _, name := range names {
			if v, err := p.counters(name).Read(); err != nil || v["n"] != 1 {
				t.Errorf("%s: %v, %v", name, v, err)
			}
			p.wantFree(t, name)
		}
	},
}
