package bench

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// BenchmarkLockAll is a LockAll that changes two files beside two Updates, in one directory and in two, and
// one that changes a single file beside an Update. The two ways take turns.
func BenchmarkLockAll(b *testing.B) { onEachDisk(b, lockAll) }

func lockAll(b *testing.B, dir string) {
	ctx := context.Background()
	add := func(v *map[string]int) error {
		if *v == nil {
			*v = map[string]int{}
		}
		(*v)["n"]++
		return nil
	}
	for _, at := range []struct {
		name    string
		paths   []string
		changes int
	}{
		{"two files", []string{"a.json", "b.json"}, 2},
		{"two directories", []string{"one/a.json", "two/b.json"}, 2},
		{"one of one", []string{"c.json"}, 1},
		{"one of two", []string{"d.json", "e.json"}, 1},
	} {
		var paths []string
		var files []*lockedfile.ContextFile[map[string]int]
		for _, name := range at.paths {
			path := filepath.Join(dir, name)
			testkit.Must(b, os.MkdirAll(filepath.Dir(path), 0o755))
			paths, files = append(paths, path), append(files, lockedfile.NewContext[map[string]int](path))
		}
		updates := func(ctx context.Context) error {
			for _, f := range files[:at.changes] {
				if err := f.Update(ctx, add); err != nil {
					return err
				}
			}
			return nil
		}
		b.Run(at.name, func(b *testing.B) {
			contest{calls: 5, of: []contender{
				{"LockAll", func(int) error { return lockedfile.LockAll(ctx, paths, updates) }},
				{"Updates", func(int) error { return updates(ctx) }},
			}}.run(b)
		})
	}
}
