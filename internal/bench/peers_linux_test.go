package bench

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// renameioDurable adds to renameio what it leaves out of a durable replace.
func renameioDurable(path string, data []byte, opts ...renameio.Option) error {
	if err := renameio.WriteFile(path, data, 0o644, opts...); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// besideTarget tells renameio where its temp goes, as it advises those who write
// often. Without it each call tries a rename out of the system's temp directory.
func besideTarget(path string) renameio.Option { return renameio.WithTempDir(filepath.Dir(path)) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
