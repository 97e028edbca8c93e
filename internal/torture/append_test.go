package torture

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/safefile"
)

// appending puts line after line at the end of one file.
type appending struct{ name, file string }

func line(id string) string { return id + "\t" + padding(id, 400) + "\n" }

func (a appending) handle(dir string, opts ...safefile.Option) *safefile.SafeFile[string] {
	return safefile.New[string](filepath.Join(dir, a.file), opts...)
}

func (a appending) open(dir string, opts ...safefile.Option) func(id string) error {
	f := a.handle(dir, opts...)
	return func(id string) error { return f.Append(line(id)) }
}

// verify: every acknowledged line is there, each once, whole, and not before one
// that was over when it began; and no line that nobody wrote.
func (a appending) verify(dir string, said history) error {
	changes := said.changes(a.name)
	text, err := a.handle(dir).ReadOr("")
	if err != nil {
		return err
	}
	newest := change{begun: -1}
	for whole := range strings.Lines(text) {
		id, _, _ := strings.Cut(whole, "\t")
		c, known := changes[id]
		if !known || whole != line(id) {
			return fmt.Errorf("%w, or twice: %s holds the line %.80q", errAlien, a.file, whole)
		}
		if c.ended < newest.begun {
			return fmt.Errorf("%w in this order: %s holds %s after %s, which began later", errAlien, a.file, id, newest.id)
		}
		if c.begun > newest.begun {
			newest = c
		}
		delete(changes, id)
	}
	for id, c := range changes {
		if c.acked {
			return fmt.Errorf("%w: line %s of %s, which holds %d bytes", errLost, id, a.file, len(text))
		}
	}
	return nil
}
