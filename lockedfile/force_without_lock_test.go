package lockedfile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// A handle without a lock waits for the others of its process, and they for it. After a ForceRelease they do not
// wait any more, so it must not write over what they have written.
func TestAWriterWithoutALockCommitsNothingAfterAForceRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	testkit.Put(t, path, "old")
	w, err := safefile.New[string](path, safefile.WithoutLock()).Create()
	testkit.Must(t, err)
	_, err = w.Write([]byte("of the writer that hung"))
	testkit.Must(t, err)

	testkit.Must(t, lockedfile.ForceRelease(path))
	testkit.Must(t, lockedfile.New[string](path).Write("new"))

	testkit.WantIs(t, "commit", w.Commit(), errors.ErrLockLost)
	testkit.WantContent(t, path, "new")
}
