package safefile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/safefile"
)

func TestTheFirstWriteWithAChecksumMakesFileAndChecksum(t *testing.T) {
	for name, change := range map[string]func(f *safefile.SafeFile[map[string]string]) error{
		"write":  func(f *safefile.SafeFile[map[string]string]) error { return f.Write(map[string]string{"k": "v"}) },
		"merge":  func(f *safefile.SafeFile[map[string]string]) error { return f.Merge(map[string]string{"k": "v"}) },
		"append": func(f *safefile.SafeFile[map[string]string]) error { return f.Append(`{"k": "v"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			f := safefile.New[map[string]string](filepath.Join(t.TempDir(), "new.json"), safefile.WithChecksum())
			if err := change(f); err != nil {
				t.Fatal(err)
			}
			if err := f.Verify(); err != nil {
				t.Error(err)
			}
			if got, err := f.Read(); err != nil || got["k"] != "v" {
				t.Errorf("there is %v, %v", got, err)
			}
		})
	}
}
