package safefile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/safefile"
)

func TestTheFirstWriteOfAFileMakesItsChecksum(t *testing.T) {
	changes := map[string]func(f *safefile.SafeFile[map[string]int]) error{
		"Write":      func(f *safefile.SafeFile[map[string]int]) error { return f.Write(map[string]int{"a": 1}) },
		"WriteBytes": func(f *safefile.SafeFile[map[string]int]) error { return f.WriteBytes([]byte(`{"a":1}`)) },
		"Merge":      func(f *safefile.SafeFile[map[string]int]) error { return f.Merge(map[string]int{"a": 1}) },
		"Append":     func(f *safefile.SafeFile[map[string]int]) error { return f.Append(`{"a":1}`) },
	}
	for name, change := range changes {
		f := safefile.New[map[string]int](filepath.Join(t.TempDir(), "new.json"), safefile.WithChecksum())
		if err := change(f); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v, err := f.Read(); err != nil || v["a"] != 1 {
			t.Errorf("%s: then Read gives %v, %v", name, v, err)
		}
		if err := f.Verify(); err != nil {
			t.Errorf("%s: then Verify gives %v", name, err)
		}
	}
}
