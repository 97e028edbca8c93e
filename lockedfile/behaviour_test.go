package lockedfile_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/holdfast-go/holdfast/internal/handletest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestHandlesOnTheLocalDisk(t *testing.T) {
	handletest.Run(t, func(t *testing.T) handletest.Place {
		return handletest.Place{
			Dir: t.TempDir(), Options: safefile.WithOptions(), Another: another(),
			Get: func(path string) (string, bool) {
				data, err := os.ReadFile(path)
				if !errors.Is(err, fs.ErrNotExist) {
					testkit.Must(t, err)
				}
				return string(data), err == nil
			},
			Put:    func(path, content string) { testkit.Put(t, path, content) },
			Delete: func(path string) { testkit.Must(t, os.Remove(path)) },
		}
	})
}
