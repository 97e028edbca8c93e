package torture

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// workload is a way of changing files, and of telling afterwards what became of
// the changes.
type workload interface {
	// open returns the function that makes a change and returns nil when it is
	// acknowledged. Each change has an id of its own. It runs in a worker
	// process, on several goroutines at once.
	open(dir string, opts ...safefile.Option) (change func(id string) error)
	// verify says what is wrong with dir after all that was said: a change that
	// was acknowledged and is lost, something torn, or something that nobody
	// wrote. It runs in the test, when nobody works any more.
	verify(dir string, said history) error
}

// watched is a workload whose files can be looked at by others all the time.
type watched interface {
	workload
	// watch returns the function that looks once, and says what it must not see.
	watch(dir string) (look func() error)
}

// workloads are found by name in the processes.
var workloads = map[string]workload{
	"write":  write{"write", "written.json"},
	"merge":  merge{"merge", "merged.json"},
	"append": appending{"append", "appended.txt"},
	"sealed": sealed{write: write{"sealed", "sealed.json"}},
	"stream": sealed{write{"stream", "streamed.json"}, byStream},
	"move":   sealed{write{"move", "moved.json"}, byMove},
}

// The faults that a check of the files can find, besides content that can't be decoded.
var (
	errLost  = errors.New("acknowledged and lost")
	errAlien = errors.New("nobody wrote this")
)

// padding is text of up to most bytes that follows from an id, so that files
// have many lengths, over many blocks, and a mixture of two is recognised.
func padding(id string, most int) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	n := int(h.Sum32() % uint32(most))
	return strings.Repeat(id+" ", n/len(id)+1)[:n]
}

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

func init() { workloads["update"] = updating{merge{"update", "updated.json"}} }

// updating is merge by a transaction of the caller's own.
type updating struct{ merge }

func (u updating) open(dir string, opts ...safefile.Option) func(id string) error {
	f := lockedfile.New[map[string]string](u.path(dir), opts...)
	return func(id string) error {
		return f.Update(func(v *map[string]string) error {
			(*v)[id] = padding(id, 40)
			return nil
		})
	}
}

// A change that shared its commit with others is as durable as one that had it alone.
func TestPowerCutsLoseNoUpdate(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		for _, crew := range []struct{ processes, each int }{{1, 1}, {1, 32}, {4, 4}} {
			t.Run(fmt.Sprintf("%s/%d processes of %d", kind, crew.processes, crew.each), func(t *testing.T) {
				c := newCutting(t, kind, []string{"update"})
				c.processes, c.each = crew.processes, crew.each
				testkit.WantNil(t, "it", c.run(t, effort.Of(2, 5, 200)))
				t.Log(c)
			})
		}
	}
}
