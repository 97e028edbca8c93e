package powercut

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// A lane is a sequence of changes, one after the other, of files that no other lane changes, or of a part of a file that no
// other lane changes.
type lane struct {
	setup func() error      // makes what must be there before the first change; may be nil
	step  func(n int) error // makes change n, from 1; nil is acknowledged
	check func(n int) error // says how the files differ from what they are after change n
	// between says what is wrong with the files while change n is under way, if they need not be those before
	// or those after it; may be nil.
	between func(n int) error
}

var errNotBetween = errors.New("there is nothing between before and after")

// A workload is a way of changing files: lanes in a directory. The options are for every handle.
type workload func(dir string, opts ...safefile.Option) []lane

// workloads are all that the public API offers.
var workloads = map[string]workload{
	"write":             writes(plain),
	"write checksum":    writes(summed),
	"write no lock":     writes(noLock),
	"write new":         newFiles(plain),
	"write new sealed":  newFiles(summed),
	"write parents":     parents,
	"write link":        throughLink,
	"write lock dir":    lockDir,
	"write metadata":    metadata,
	"write bytes":       writeBytes(2000, 9000, plain),
	"write 1 MiB":       writeBytes(1<<20, 1<<16, summed),
	"write file":        writeFile,
	"remove":            removes(plain),
	"remove checksum":   removes(summed),
	"append":            appends(1, plain),
	"append 4":          appends(4, summed),
	"merge":             merges,
	"update":            updates(1, plain),
	"update 32":         updates(32, plain),
	"update 8 checksum": updates(8, summed),
	"update yaml":       updateText("yaml", "# kept\nn: 0 # the number\nother: [1, 2]\n"),
	"update toml":       updateText("toml", "# kept\nn = 0 # the number\nother = [1, 2]\n"),
	"locked":            locked,
	"locked several":    lockedSeveral,
	"lock all":          lockAll,
	"context":           joined,
	"move":              moves(".", ".", plain),
	"move directories":  moves("from", "to", plain),
	"move checksum":     moves("from", "to", summed),
	"stream":            streams(plain),
	"stream checksum":   streams(summed),
	"checksum":          checksums,
	"many":              many,
}

func with(opts []safefile.Option, more ...safefile.Option) []safefile.Option {
	return append(append([]safefile.Option(nil), opts...), more...)
}

// A variant is the same way of changing files with other options.
type variant struct {
	options []safefile.Option
	summed  bool // each file must have a checksum
}

var (
	plain  = variant{}
	summed = variant{[]safefile.Option{safefile.WithChecksum()}, true}
	noLock = variant{[]safefile.Option{safefile.WithoutLock()}, false}
)

// verifies says what is wrong with the checksums of those of the files that are there.
func (v variant) verifies(paths ...string) error {
	var all []error
	for _, p := range paths {
		if v.summed {
			all = append(all, verifies(p))
		}
	}
	return errors.Join(all...)
}

// writes replaces one file again and again.
func writes(v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := filepath.Join(dir, "data.json")
		f := safefile.New[doc](path, with(opts, v.options...)...)
		return []lane{{
			step:  func(n int) error { return f.Write(docOf(n)) },
			check: func(n int) error { return errors.Join(hasDoc(path, n), v.verifies(path)) },
		}}
	}
}

// newFiles makes a file with each change.
func newFiles(v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := func(n int) string { return filepath.Join(dir, fmt.Sprintf("data%d.json", n)) }
		return []lane{{
			step:  func(n int) error { return safefile.New[doc](path(n), with(opts, v.options...)...).Write(docOf(n)) },
			check: func(n int) error { return hasDocs(path, n, v.summed) },
		}}
	}
}

func hasDocs(path func(int) string, n int, sealed bool) error {
	for i := 1; i <= n; i++ {
		if err := hasDoc(path(i), i); err != nil {
			return err
		}
		if sealed {
			if err := verifies(path(i)); err != nil {
				return err
			}
		}
	}
	return isMissing(path(n + 1))
}

// parents makes directories with each change.
func parents(dir string, opts ...safefile.Option) []lane {
	path := func(n int) string { return filepath.Join(dir, fmt.Sprintf("p%d", n), "q", "data.json") }
	return []lane{{
		step: func(n int) error {
			return safefile.New[doc](path(n), with(opts, safefile.WithParents(0o755))...).Write(docOf(n))
		},
		check: func(n int) error { return hasDocs(path, n, false) },
	}}
}

// throughLink writes a file through a link into another directory.
func throughLink(dir string, opts ...safefile.Option) []lane {
	link, target := filepath.Join(dir, "link.json"), filepath.Join(dir, "real", "data.json")
	f := safefile.New[doc](link, opts...)
	return []lane{{
		setup: func() error {
			return errors.Join(os.Mkdir(filepath.Dir(target), 0o755), os.Symlink("real/data.json", link))
		},
		step: func(n int) error { return f.Write(docOf(n)) },
		check: func(n int) error {
			if text, err := os.Readlink(link); err != nil || text != "real/data.json" {
				return fmt.Errorf("%s: %q, %v", link, text, err)
			}
			return hasDoc(target, n)
		},
	}}
}

func lockDir(dir string, opts ...safefile.Option) []lane {
	path, locks := filepath.Join(dir, "data.json"), filepath.Join(dir, "locks")
	f := safefile.New[doc](path, with(opts, safefile.WithLockDir(locks))...)
	return []lane{{
		setup: func() error { return os.Mkdir(locks, 0o755) },
		step:  func(n int) error { return f.Write(docOf(n)) },
		check: func(n int) error { return hasDoc(path, n) },
	}}
}

// metadata replaces a file whose mode and owner are not those of a new one.
func metadata(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.json")
	f := safefile.New[doc](path, opts...)
	return []lane{{
		setup: func() error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chown(path, 1234, 1235), os.Chmod(path, 0o640))
		},
		step: func(n int) error { return f.Write(docOf(n)) },
		check: func(n int) error {
			if st, err := os.Stat(path); err != nil || st.Mode() != 0o640 || owner(st) != [2]uint32{1234, 1235} {
				return fmt.Errorf("%s: mode or owner is another: %v %v", path, st, err)
			}
			if n == 0 {
				return nil
			}
			return hasDoc(path, n)
		},
	}}
}

// writeBytes writes from least to least+more bytes.
func writeBytes(least, more int, v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := filepath.Join(dir, "data.bin")
		f := safefile.New[any](path, with(opts, v.options...)...)
		content := func(n int) string {
			id := fmt.Sprint("bytes", n)
			return text(id, least) + padding(id, more)
		}
		return []lane{{
			step: func(n int) error { return f.WriteBytes([]byte(content(n))) },
			check: func(n int) error {
				if n == 0 {
					return isMissing(path)
				}
				return errors.Join(hasBytes(path, content(n)), v.verifies(path))
			},
		}}
	}
}

func writeFile(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.txt")
	content := func(n int) string { return strings.Repeat(line("file", n), min(n, 1)) }
	return []lane{{
		step:  func(n int) error { return safefile.WriteFile(path, []byte(content(n)), opts...) },
		check: func(n int) error { return hasBytes(path, content(n)) },
	}}
}

// removes writes a file with each odd change and removes it with each even one.
func removes(v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := filepath.Join(dir, "data.json")
		f := safefile.New[doc](path, with(opts, v.options...)...)
		return []lane{{
			step: func(n int) error {
				if n%2 == 0 {
					return f.Remove()
				}
				return f.Write(docOf(n))
			},
			check: func(n int) error { return errors.Join(hasDoc(path, n*(n%2)), v.verifies(path)) },
		}}
	}
}

func appends(lanes int, v variant) workload {
	return func(dir string, opts ...safefile.Option) (all []lane) {
		path := filepath.Join(dir, "data.txt")
		f := safefile.New[string](path, with(opts, v.options...)...)
		for i := range lanes {
			name := fmt.Sprint("lane", i)
			all = append(all, lane{
				step:  func(n int) error { return f.Append(line(name, n)) },
				check: func(n int) error { return errors.Join(hasLines(path, name, n), v.verifies(path)) },
			})
		}
		return all
	}
}

// merges adds a key with each change.
func merges(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.json")
	f := safefile.New[map[string]int](path, opts...)
	return []lane{{
		step: func(n int) error { return f.Merge(map[string]int{fmt.Sprint("k", n): n}) },
		check: func(n int) error {
			got, err := safefile.New[map[string]int](path).ReadOr(nil)
			if err != nil || len(got) != n {
				return fmt.Errorf("%s: %d keys, wanted %d: %v", path, len(got), n, err)
			}
			for i := 1; i <= n; i++ {
				if got[fmt.Sprint("k", i)] != i {
					return fmt.Errorf("%s: key %d is not its own", path, i)
				}
			}
			return nil
		},
	}}
}

// updates has one key for each lane.
func updates(lanes int, v variant) workload {
	return func(dir string, opts ...safefile.Option) (all []lane) {
		path := filepath.Join(dir, "data.json")
		f := lockedfile.New[map[string]doc](path, with(opts, v.options...)...)
		for i := range lanes {
			key := fmt.Sprint("lane", i)
			all = append(all, lane{
				step: func(n int) error {
					return f.Update(func(m *map[string]doc) error {
						if *m == nil {
							*m = map[string]doc{}
						}
						if (*m)[key].N >= n {
							return fmt.Errorf("%s: change %d of %s is there before it is made", path, n, key)
						}
						(*m)[key] = doc{n, padding(fmt.Sprint(key, n), 300)}
						return nil
					})
				},
				check: func(n int) error {
					got, err := safefile.New[map[string]doc](path).ReadOr(nil)
					if err != nil || got[key].N != n || (n > 0 && got[key].Pad != padding(fmt.Sprint(key, n), 300)) {
						return fmt.Errorf("%s: %s is at %d, wanted %d: %v", path, key, got[key].N, n, err)
					}
					return v.verifies(path)
				},
			})
		}
		return all
	}
}

// updateText edits a file that holds comments and keys that its type does not have.
func updateText(ext, old string) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := filepath.Join(dir, "data."+ext)
		type number struct {
			N int `yaml:"n" toml:"n"`
		}
		f := lockedfile.New[number](path, opts...)
		return []lane{{
			setup: func() error { return os.WriteFile(path, []byte(old), 0o644) },
			step:  func(n int) error { return f.Update(func(v *number) error { v.N = n; return nil }) },
			check: func(n int) error { return hasBytes(path, strings.Replace(old, "0", fmt.Sprint(n), 1)) },
		}}
	}
}

// locked stages several writes, of which the last ones count.
func locked(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.txt")
	f := lockedfile.New[string](path, opts...)
	content := func(n int) string { return strings.Repeat(line("base", n)+line("tail", n), min(n, 1)) }
	return []lane{{
		step: func(n int) error {
			return f.Locked(func(tx *lockedfile.Tx[string]) error {
				got, err := tx.ReadOr("")
				if err != nil {
					return err
				}
				if got != content(n-1) {
					return fmt.Errorf("%s: change %d found %.60q", path, n, got)
				}
				return errors.Join(tx.Write("not this"), tx.WriteBytes([]byte(line("base", n))), tx.Append(line("tail", n)))
			})
		},
		check: func(n int) error { return hasBytes(path, content(n)) },
	}}
}

// each is a lane that changes several files, one after the other.
func each(paths []string, step func(n int) error) lane {
	return lane{
		step: step,
		check: func(n int) error {
			var all []error
			for _, p := range paths {
				all = append(all, hasDoc(p, n))
			}
			return errors.Join(all...)
		},
		between: func(n int) error {
			for _, p := range paths {
				if before, after := hasDoc(p, n-1), hasDoc(p, n); before != nil && after != nil {
					return errors.Join(before, after)
				}
			}
			return nil
		},
	}
}

func several(dir string, n int) (paths []string) {
	for i := range n {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("data%d.json", i)))
	}
	return paths
}

// lockedSeveral changes one file while it holds the lock of another.
func lockedSeveral(dir string, opts ...safefile.Option) []lane {
	paths := several(dir, 2)
	outer, inner := lockedfile.New[doc](paths[0], opts...), lockedfile.New[doc](paths[1], opts...)
	return []lane{each(paths, func(n int) error {
		return outer.Locked(func(tx *lockedfile.Tx[doc]) error {
			err := inner.Locked(func(tx *lockedfile.Tx[doc]) error { return tx.Write(docOf(n)) })
			return errors.Join(err, tx.Write(docOf(n)))
		})
	})}
}

func lockAll(dir string, opts ...safefile.Option) []lane {
	paths := several(dir, 3)
	var files []*lockedfile.ContextFile[doc]
	for _, p := range paths {
		files = append(files, lockedfile.NewContext[doc](p, opts...))
	}
	return []lane{each(paths, func(n int) error {
		return lockedfile.LockAll(context.Background(), paths, func(ctx context.Context) error {
			for _, f := range files {
				if err := f.Write(ctx, docOf(n)); err != nil {
					return err
				}
			}
			return nil
		}, opts...)
	})}
}

var errUndone = errors.New("this savepoint is undone")

// joined makes its change in a transaction that others have joined, one of which fails.
func joined(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.json")
	f := lockedfile.NewContext[doc](path, opts...)
	return []lane{{
		step: func(n int) error {
			return f.Locked(context.Background(), func(ctx context.Context, _ *lockedfile.Tx[doc]) error {
				if err := f.Write(ctx, docOf(n)); err != nil {
					return err
				}
				err := f.Update(ctx, func(v *doc) error {
					*v = docOf(n + 1000)
					return errUndone
				})
				if err == nil {
					return errors.New("the savepoint's error is gone")
				}
				if !errors.Is(err, errUndone) {
					return err
				}
				return nil
			})
		},
		check: func(n int) error { return hasDoc(path, n) },
	}}
}

// moves writes the source with each odd change and moves it over the destination with each even one.
func moves(from, to string, v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		src, dst := filepath.Join(dir, from, "src.json"), filepath.Join(dir, to, "dst.json")
		all := with(opts, v.options...)
		f := safefile.New[doc](src, all...)
		return []lane{{
			setup: func() error {
				return errors.Join(os.MkdirAll(filepath.Dir(src), 0o755), os.MkdirAll(filepath.Dir(dst), 0o755))
			},
			step: func(n int) error {
				if n%2 == 0 {
					return safefile.Move(src, dst, all...)
				}
				return f.Write(docOf(n))
			},
			check: func(n int) error {
				return errors.Join(hasDoc(src, n*(n%2)), hasDoc(dst, max(0, n-1-n%2)), v.verifies(src, dst))
			},
			// A move to another directory makes that directory durable first, so that the file is never in
			// neither. On btrfs it is in both until the other directory is durable too.
			between: func(n int) error {
				if n%2 == 1 || from == to {
					return errNotBetween
				}
				return errors.Join(hasDoc(src, n-1), hasDoc(dst, n-1), v.verifies(src, dst))
			},
		}}
	}
}

// streams writes in pieces.
func streams(v variant) workload {
	return func(dir string, opts ...safefile.Option) []lane {
		path := filepath.Join(dir, "data.txt")
		f := safefile.New[any](path, with(opts, v.options...)...)
		content := func(n int) string { return strings.Repeat(text(fmt.Sprint("stream", n), 40000), min(n, 1)) }
		return []lane{{
			step: func(n int) error {
				w, err := f.Create()
				if err != nil {
					return err
				}
				defer w.Close()
				if _, err := io.CopyBuffer(w, struct{ io.Reader }{bytes.NewReader([]byte(content(n)))}, make([]byte, 7000)); err != nil {
					return err
				}
				return w.Commit()
			},
			check: func(n int) error { return errors.Join(hasBytes(path, content(n)), v.verifies(path)) },
		}}
	}
}

// checksums writes a file without its checksum with each odd change, and the checksum with each even one.
func checksums(dir string, opts ...safefile.Option) []lane {
	path := filepath.Join(dir, "data.json")
	f := safefile.New[doc](path, opts...)
	return []lane{{
		step: func(n int) error {
			if n%2 == 0 {
				return checksum.Write(path)
			}
			return f.Write(docOf(n))
		},
		check: func(n int) error {
			if n%2 == 0 {
				return errors.Join(hasDoc(path, max(0, n-1)), verifies(path))
			}
			if err := checksum.Verify(path); !errors.Is(err, errors.ErrChecksumMismatch) && !errors.Is(err, errors.ErrNoChecksum) {
				return fmt.Errorf("%s has a checksum that was not written: %w", path, err)
			}
			return hasDoc(path, n)
		},
	}}
}

// many makes small files in one directory, from eight goroutines.
func many(dir string, opts ...safefile.Option) (all []lane) {
	for i := range 8 {
		name := fmt.Sprint("lane", i)
		path := func(n int) string { return filepath.Join(dir, fmt.Sprintf("%s-%d.txt", name, n)) }
		all = append(all, lane{
			step: func(n int) error { return safefile.New[string](path(n), opts...).Write(line(name, n)) },
			check: func(n int) error {
				for i := 1; i <= n; i++ {
					if err := hasBytes(path(i), line(name, i)); err != nil {
						return err
					}
				}
				return isMissing(path(n + 1))
			},
		})
	}
	return all
}
