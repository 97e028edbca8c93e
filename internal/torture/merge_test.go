package torture

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// merge puts key after key into one JSON file.
type merge struct{ name, file string }

func (m merge) path(dir string) string { return filepath.Join(dir, m.file) }

func (m merge) open(dir string, opts ...safefile.Option) func(id string) error {
	f := safefile.New[map[string]string](m.path(dir), opts...)
	return func(id string) error { return f.Merge(map[string]string{id: padding(id, 40)}) }
}

// verify: every key that was acknowledged is there, and none that nobody put in.
func (m merge) verify(dir string, said history) error {
	changes := said.changes(m.name)
	keys, err := safefile.New[map[string]string](m.path(dir)).ReadOr(nil)
	if err != nil {
		return err
	}
	for id, value := range keys {
		if _, known := changes[id]; !known || value != padding(id, 40) {
			return fmt.Errorf("%w: %s holds %q under %s", errAlien, m.file, value, id)
		}
	}
	for id, c := range changes {
		if _, there := keys[id]; c.acked && !there {
			return fmt.Errorf("%w: key %s of %s, which holds %d keys", errLost, id, m.file, len(keys))
		}
	}
	return nil
}

// watch reads by the library and without it, in turns. The file can be decoded
// each time, no key has a value that is not its own, and there are never fewer
// keys than before.
func (m merge) watch(dir string) func() error {
	f := safefile.New[map[string]string](m.path(dir))
	read := []func() (map[string]string, error){f.Read, func() (keys map[string]string, err error) {
		data, err := os.ReadFile(f.Path())
		if err == nil {
			err = json.Unmarshal(data, &keys)
		}
		return keys, err
	}}
	most := 0
	return func() error {
		read[0], read[1] = read[1], read[0]
		keys, err := read[0]()
		if most == 0 && errors.Is(err, fs.ErrNotExist) {
			return nil // nobody has written yet
		}
		if err != nil {
			return err
		}
		for id, value := range keys {
			if value != padding(id, 40) {
				return fmt.Errorf("key %s has the value %q", id, value)
			}
		}
		if len(keys) < most {
			return fmt.Errorf("there were %d keys, and now there are %d", most, len(keys))
		}
		most = len(keys)
		return nil
	}
}
