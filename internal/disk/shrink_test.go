package disk

import (
	"os"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// Somebody who writes in place, without the lock, empties the file first.
func TestAFileThatShrinksWhileItIsAppendedToWasChangedFromOutside(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := at(t)
	testkit.Put(t, p.Path, "the old content")
	s := session(t, New(disk), p)
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Clone {
			return os.Truncate(p.Path, 3)
		}
		return nil
	})
	_, err := commit(s, store.Change{Append: true, Parts: [][]byte{[]byte("tail")}}, keep)
	testkit.WantIs(t, "the append", err, errors.ErrChanged)
	testkit.WantContent(t, p.Path, "the")
}
