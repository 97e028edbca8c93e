package safefile_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// A directory may hold names that another user chose.
func TestNoErrorsTextHoldsAControlCharacter(t *testing.T) {
	const evil = "a\nlevel=INFO\x1b[2J\r\x7f"
	dir := t.TempDir()
	testkit.Must(t, os.Mkdir(filepath.Join(dir, evil), 0o755))
	testkit.Must(t, os.Symlink(evil+"2", filepath.Join(dir, evil+"2")))
	for _, path := range []string{
		filepath.Join(dir, evil),             // a directory
		filepath.Join(dir, evil, evil, evil), // a directory is missing
		filepath.Join(dir, evil+"2"),         // a link that leads in a circle
		filepath.Join(dir, evil+strings.Repeat("x", 300)),
	} {
		changes := map[string]func(string, ...safefile.Option) error{
			"Read": func(path string, opts ...safefile.Option) error {
				_, err := safefile.ReadFile(path, opts...)
				return err
			},
		}
		for name, change := range everyChange {
			changes[name] = change
		}
		for name, change := range changes {
			err := change(path)
			if err == nil {
				t.Errorf("%s of %q passed", name, path)
				continue
			}
			for _, r := range err.Error() {
				if !strconv.IsPrint(r) {
					t.Errorf("%s: %q", name, err)
					break
				}
			}
		}
	}
}
