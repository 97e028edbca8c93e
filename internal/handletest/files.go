package handletest

import (
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

var files = map[string]func(t *testing.T, p *Place){
	"a missing file is ErrNotExist and ReadOr's default": func(t *testing.T, p *Place) {
		f := p.counters("f.json")
		_, err := f.Read()
		testkit.WantIs(t, "Read", err, fs.ErrNotExist, errors.ErrRead)
		if v, err := f.ReadOr(counters{"def": 1}); err != nil || v["def"] != 1 {
			t.Errorf("ReadOr gave %v, %v", v, err)
		}
		_, err = f.ReadBytes()
		testkit.WantIs(t, "ReadBytes", err, fs.ErrNotExist)
		testkit.WantIs(t, "Remove", f.Remove(), fs.ErrNotExist)
		_, err = f.Open()
		testkit.WantIs(t, "Open", err, fs.ErrNotExist)
		p.want(t, "f.json", testkit.Missing)
	},

	"every operation does what it says": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Append("a"))
		testkit.Must(t, f.Append("b"))
		p.want(t, "f.txt", "ab")
		testkit.Must(t, f.WriteBytes(nil))
		p.want(t, "f.txt", "")
		if data, err := f.ReadBytes(); err != nil || len(data) != 0 {
			t.Errorf("read %q, %v", data, err)
		}
		testkit.Must(t, f.Remove())
		p.want(t, "f.txt", testkit.Missing)
		c := p.counters("c.json")
		testkit.Must(t, c.Write(counters{"a": 1, "b": 1}))
		testkit.Must(t, c.Merge(counters{"b": 2, "c": 3}))
		if v, err := c.Read(); err != nil || len(v) != 3 || v["b"] != 2 {
			t.Errorf("read %v, %v", v, err)
		}
		testkit.Must(t, safefile.WriteFile(p.path("w"), []byte("bytes"), p.Options))
		if data, err := safefile.ReadFile(p.path("w"), p.Options); err != nil || string(data) != "bytes" {
			t.Errorf("read %q, %v", data, err)
		}
	},

	"an append goes to the end of what somebody else has written": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Append("a"))
		p.Put(f.Path(), "theirs,")
		testkit.Must(t, f.Append("b"))
		p.want(t, "f.txt", "theirs,b")
	},

	"comments and keys unknown to the type survive": func(t *testing.T, p *Place) {
		p.Put(p.path("f.yaml"), "# the port\nport: 80 # low\nother: x\n")
		f := lockedfile.New[struct{ Port int }](p.path("f.yaml"), p.Options)
		testkit.Must(t, f.Update(func(v *struct{ Port int }) error { v.Port = 8080; return nil }))
		p.want(t, "f.yaml", "# the port\nport: 8080 # low\nother: x\n")
		testkit.Must(t, f.Write(struct{ Port int }{81}))
		p.want(t, "f.yaml", "# the port\nport: 81 # low\nother: x\n")
	},

	"a missing file reads as the defaults, and a write freezes none of them": func(t *testing.T, p *Place) {
		type config struct {
			Host string
			Port int
		}
		f := lockedfile.New[config](p.path("f.yaml"), p.Options, safefile.WithDefaults(func() config { return config{"localhost", 80} }))
		if v, err := f.Read(); err != nil || v != (config{"localhost", 80}) {
			t.Errorf("read %v, %v", v, err)
		}
		p.Put(f.Path(), "host: example.org\n")
		testkit.Must(t, f.Update(func(v *config) error { v.Host = "example.com"; return nil }))
		p.want(t, "f.yaml", "host: example.com\n")
	},

	"a damaged file is ErrDecode and stays": func(t *testing.T, p *Place) {
		p.Put(p.path("f.json"), "{ oops")
		f := p.counters("f.json")
		_, err := f.Read()
		testkit.WantIs(t, "Read", err, errors.ErrDecode)
		testkit.WantIs(t, "Update", f.Update(func(*counters) error { return nil }), errors.ErrDecode)
		p.want(t, "f.json", "{ oops")
	},

	"the limit bounds what is read": func(t *testing.T, p *Place) {
		p.Put(p.path("f.txt"), strings.Repeat("x", 100))
		f := p.text("f.txt", safefile.WithMaxSize(99))
		_, err := f.Read()
		testkit.WantIs(t, "Read", err, errors.ErrTooLarge)
		_, err = f.ReadBytes()
		testkit.WantIs(t, "ReadBytes", err, errors.ErrTooLarge)
		testkit.WantIs(t, "Update", f.Update(func(*string) error { return nil }), errors.ErrTooLarge)
		if v, err := p.text("f.txt", safefile.WithMaxSize(100)).Read(); err != nil || len(v) != 100 {
			t.Errorf("read %d bytes, %v", len(v), err)
		}
	},

	"a committed stream is the content": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Write("old"))
		for _, commit := range []bool{false, true} {
			w, err := f.Create()
			testkit.Must(t, err)
			_, err = io.WriteString(w, "ne")
			testkit.Must(t, err)
			_, err = io.WriteString(w, "w")
			testkit.Must(t, err)
			p.want(t, "f.txt", "old")
			_, err = lockedfile.TryAcquire(f.Path(), p.Another)
			testkit.WantIs(t, "TryAcquire", err, errors.ErrLocked)
			if commit {
				testkit.Must(t, w.Commit())
			}
			testkit.Must(t, w.Close())
			p.wantFree(t, "f.txt")
		}
		p.want(t, "f.txt", "new")
	},

	"a reader stays with its version": func(t *testing.T, p *Place) {
		f := p.text("f.txt")
		testkit.Must(t, f.Write("old"))
		r, err := f.Open()
		testkit.Must(t, err)
		testkit.Must(t, f.Write("new"))
		data, err := io.ReadAll(r)
		testkit.Must(t, err)
		if string(data) != "old" {
			t.Errorf("read %q", data)
		}
		testkit.Must(t, r.Close())
	},

	"every change keeps the checksum": func(t *testing.T, p *Place) {
		f := p.text("f.txt", safefile.WithChecksum())
		for name, change := range map[string]func() error{
			"Write":  func() error { return f.Write("a") },
			"Append": func() error { return f.Append("b") },
			"Update": func() error { return f.Update(func(v *string) error { *v += "c"; return nil }) },
			"Create": func() error {
				w, err := f.Create()
				testkit.Must(t, err)
				_, err = io.WriteString(w, "d")
				return errors.Join(err, w.Commit())
			},
		} {
			testkit.WantNil(t, name, change())
			testkit.WantNil(t, "Verify after "+name, f.Verify())
			_, err := f.Read()
			testkit.WantNil(t, "Read after "+name, err)
		}
		testkit.Must(t, f.Remove())
		testkit.WantIs(t, "Verify", f.Verify(), fs.ErrNotExist)
		p.Put(f.Path(), "x")
		testkit.WantIs(t, "Verify of a file without a checksum", f.Verify(), errors.ErrNoChecksum)
	},

	"damage is noticed": func(t *testing.T, p *Place) {
		f := p.text("f.txt", safefile.WithChecksum())
		testkit.Must(t, f.Write("good"))
		p.Put(f.Path(), "gooD")
		_, err := f.Read()
		testkit.WantIs(t, "Read", err, errors.ErrChecksumMismatch)
		testkit.WantIs(t, "Verify", f.Verify(), errors.ErrChecksumMismatch)
		testkit.WantIs(t, "Update", f.Update(func(*string) error { return nil }), errors.ErrChecksumMismatch)
		r, err := f.Open()
		testkit.Must(t, err)
		_, err = io.ReadAll(r)
		testkit.WantIs(t, "a Reader", err, errors.ErrChecksumMismatch)
		testkit.Must(t, r.Close())
		testkit.Must(t, f.Write("good again"))
		testkit.Must(t, f.Verify())
	},

	"a move takes the file and its checksum along": func(t *testing.T, p *Place) {
		for _, there := range []bool{false, true} {
			from, to := p.text("from.txt", safefile.WithChecksum()), p.text("to.txt", safefile.WithChecksum())
			testkit.Must(t, from.Write("moved"))
			if there {
				testkit.Must(t, to.Write("in the way"))
			}
			testkit.Must(t, safefile.Move(from.Path(), to.Path(), p.Options))
			p.want(t, "from.txt", testkit.Missing)
			p.want(t, "to.txt", "moved")
			testkit.Must(t, to.Verify())
			testkit.Must(t, safefile.Move(to.Path(), to.Path(), p.Options))
			p.want(t, "to.txt", "moved")
			testkit.WantIs(t, "a move of nothing", safefile.Move(from.Path(), to.Path(), p.Options), fs.ErrNotExist)
			p.want(t, "to.txt", "moved")
			testkit.Must(t, to.Remove())
		}
	},
}
