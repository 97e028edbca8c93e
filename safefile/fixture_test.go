package safefile_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/safefile"
)

// over puts another filesystem below a handle, with an engine of its own, so
// that the handle is like one of a process that has just started.
func over(fsys vfs.FS) safefile.Option {
	e := engine.New(disk.New(fsys))
	return handle.OptionFunc(func(o *handle.Options) { o.Engine = e })
}

// tempOf is a name that a dead writer of a file may have left.
func tempOf(name string) string {
	return ".holdfast-" + string(replace.OwnerOf(name, "")) + "-0123456789abcdef.tmp"
}

// jsonCodec is for names that do not say their format.
var jsonCodec = safefile.WithCodec(codec.JSON())

// logging writes what a handle complains of.
func logging(to io.Writer) safefile.Option {
	return safefile.WithLogger(slog.New(slog.NewTextHandler(to, nil)))
}

// quiet is for handles that are expected to complain.
var quiet = safefile.WithLogger(slog.New(slog.DiscardHandler))

// temps are the temps in a directory and those below it.
func temps(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, is := replace.ParseName(e.Name()); is || strings.HasSuffix(e.Name(), ".tmp") {
			found = append(found, path)
		}
		return nil
	})
	testkit.Must(t, err)
	return found
}

func wantNoTemps(t testing.TB, dir string) {
	t.Helper()
	if left := temps(t, dir); len(left) > 0 {
		t.Errorf("temps remain: %v", left)
	}
}
