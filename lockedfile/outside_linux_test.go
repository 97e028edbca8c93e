package lockedfile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disktest"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// An editor saves in place, in the second in which the file was written and as
// many bytes, on a filesystem that counts seconds.
func TestAnEditorsSaveInTheSameSecondIsKept(t *testing.T) {
	path := filepath.Join(disktest.NewCoarse(t).Dir(), "app.yaml")
	save := func(content string) {
		testkit.Put(t, path, content)
	}
	f := lockedfile.New[map[string]int](path)
	for i := range 20 {
		save("a: 1\n")
		err := f.Update(func(v *map[string]int) error {
			(*v)["a"] = 2
			save("a: 9\n")
			return nil
		})
		if !errors.Is(err, errors.ErrChanged) {
			t.Fatalf("round %d: %v", i, err)
		}
		if now, err := f.Read(); err != nil || now["a"] != 9 {
			t.Fatalf("round %d: the file says %v, %v", i, now, err)
		}
	}
}
