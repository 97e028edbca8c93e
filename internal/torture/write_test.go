package torture

import (
	"fmt"
	"path/filepath"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/safefile"
)

// write writes a whole file, again and again.
type write struct{ name, file string }

type document struct{ ID, Padding string }

func newDocument(id string) document { return document{id, padding(id, 20_000)} }

func (w write) handle(dir string, opts ...safefile.Option) *safefile.SafeFile[document] {
	opts = append(opts, safefile.WithCodec(codec.JSON()))
	return safefile.New[document](filepath.Join(dir, w.file), opts...)
}

func (w write) open(dir string, opts ...safefile.Option) func(id string) error {
	f := w.handle(dir, opts...)
	return func(id string) error { return f.Write(newDocument(id)) }
}

// verify: the last write is there. Of writes that ran side by side any may be
// the last, but none that was over before an acknowledged one began.
func (w write) verify(dir string, said history) error {
	changes := said.changes(w.name)
	there, err := w.handle(dir).ReadOr(document{})
	if err != nil {
		return err
	}
	last, known := changes[there.ID]
	if there != (document{}) && (!known || there != newDocument(there.ID)) {
		return fmt.Errorf("%w: %s holds %q with %d bytes", errAlien, w.file, there.ID, len(there.Padding))
	}
	if !known {
		last.ended = -1
	}
	for _, c := range changes {
		if c.acked && c.begun > last.ended {
			return fmt.Errorf("%w: %s, and %s holds %q, which is older", errLost, c.id, w.file, there.ID)
		}
	}
	return nil
}
