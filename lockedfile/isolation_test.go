package lockedfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// document has parts that a careless codec would share between callers.
type document struct {
	Names []string
	Deep  map[string][]int
	Raw   json.RawMessage
	Bytes []byte
}

// scribble changes everything that it can reach.
func (d *document) scribble() {
	for i := range d.Names {
		d.Names[i] = "scribble"
	}
	for _, list := range d.Deep {
		clear(list)
	}
	d.Deep["scribble"] = nil
	for i := range d.Raw {
		d.Raw[i] = '!'
	}
	for i := range d.Bytes {
		d.Bytes[i] = '!'
	}
}

func fresh() document {
	return document{[]string{"a", "b"}, map[string][]int{"x": {1, 2}}, json.RawMessage(`{"k":1}`), []byte("bytes")}
}

func TestNobodySeesWhatIsDoneToAValueThatWasRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	f := lockedfile.New[document](path)
	testkit.Must(t, f.Write(fresh()))
	want, err := os.ReadFile(path)
	testkit.Must(t, err)
	var kept []document
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[document]) error {
		for range 3 {
			v, err := tx.Read()
			testkit.Must(t, err)
			v.scribble()
			kept = append(kept, v)
			data, err := tx.ReadBytes()
			testkit.Must(t, err)
			if string(data) != string(want) {
				t.Errorf("a function sees what was done to a value: %s", data)
			}
			clear(data)
		}
		v, err := tx.Read()
		testkit.Must(t, err)
		testkit.Must(t, tx.Write(v))
		v.scribble() // after it was written
		return nil
	}))
	for i := range kept {
		kept[i].scribble()
	}
	testkit.WantContent(t, path, string(want))
	testkit.WantIs(t, "it", f.Update(func(v *document) error { v.scribble(); return errOwn }), errOwn)
	testkit.WantContent(t, path, string(want))
}

// A codec that hands out the very bytes it was given.
func TestACodecThatKeepsItsInputIsKeptFromHarm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.txt")
	for _, c := range []codec.Codec{codec.Text(), codec.Gzip(codec.Text())} {
		f := lockedfile.New[[]byte](path, safefile.WithCodec(c))
		testkit.Must(t, f.Write([]byte("content")))
		testkit.WantIs(t, "it", f.Locked(func(tx *lockedfile.Tx[[]byte]) error {
			for range 2 {
				v, err := tx.Read()
				if err != nil || string(v) != "content" {
					t.Fatalf("read %q, %v", v, err)
				}
				clear(v)
			}
			data := []byte("staged ")
			testkit.Must(t, tx.WriteBytes(data))
			clear(data)
			if v, err := tx.ReadBytes(); err != nil || string(v) != "staged " {
				t.Errorf("read %q, %v", v, err)
			}
			return errOwn
		}), errOwn)
	}
}

func TestAnOutsideChangeBetweenReadAndCommitSurvives(t *testing.T) {
	dir := t.TempDir()
	for name, change := range map[string]func(path string) error{
		"rewritten in place": func(path string) error { return os.WriteFile(path, []byte(`{"theirs":1}`), 0o666) },
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".tmp", []byte(`{"theirs":1}`), 0o666), os.Rename(path+".tmp", path))
		},
		"appended": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			testkit.Must(t, err)
			_, err = f.WriteString(" ")
			return errors.Join(err, f.Close())
		},
		"removed": os.Remove,
	} {
		path := filepath.Join(dir, "f.json")
		f := lockedfile.New[counters](path)
		testkit.Must(t, f.Write(counters{"mine": 1}))
		after := ""
		err := f.Update(func(v *counters) error {
			testkit.Must(t, change(path))
			after = testkit.Content(t, path)
			(*v)["mine"]++
			return nil
		})
		if !errors.Is(err, errors.ErrChanged) {
			t.Errorf("%s: %v, want ErrChanged", name, err)
		}
		testkit.WantContent(t, path, after)
		testkit.Must(t, f.Update(func(v *counters) error { (*v)["again"] = 1; return nil }))
		testkit.Must(t, f.Remove())
	}
}
