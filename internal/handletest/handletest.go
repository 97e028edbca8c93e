// Package handletest tests what handles promise wherever they keep their file: on the local disk or in a
// store that many machines share. Each store has one test, which calls [Run].
package handletest

import (
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// Place is where one test keeps its files.
type Place struct {
	Dir     string          // a path below which no other test has files
	Options safefile.Option // puts a handle there
	Another safefile.Option // the same, for handles that know nothing of the others, as if in another process

	// The place as programs that don't use this library see it.
	Get    func(path string) (content string, exists bool)
	Put    func(path, content string)
	Delete func(path string)
}

// Run tests a store. open gives a place for one test.
func Run(t *testing.T, open func(t *testing.T) Place) {
	for _, table := range []map[string]func(t *testing.T, p *Place){transactions, files, locks, exclusion, watching, backups, versions} {
		for name, test := range table {
			t.Run(name, func(t *testing.T) {
				p := open(t)
				test(t, &p)
			})
		}
	}
}

// counters is what most tests keep.
type counters map[string]int

var errOwn = errors.New("the function's own error")

func (p *Place) path(name string) string { return p.Dir + "/" + name }

func (p *Place) text(name string, opts ...safefile.Option) *lockedfile.LockedFile[string] {
	return lockedfile.New[string](p.path(name), append(opts, p.Options)...)
}

func (p *Place) counters(name string, opts ...safefile.Option) *lockedfile.LockedFile[counters] {
	return lockedfile.New[counters](p.path(name), append(opts, p.Options)...)
}

func (p *Place) context(name string, opts ...safefile.Option) *lockedfile.ContextFile[counters] {
	return lockedfile.NewContext[counters](p.path(name), append(opts, p.Options)...)
}

// content is what a file holds, [testkit.Missing] if there is none.
func (p *Place) content(name string) string {
	content, exists := p.Get(p.path(name))
	if !exists {
		return testkit.Missing
	}
	return content
}

func (p *Place) want(t *testing.T, name, want string) {
	t.Helper()
	if got := p.content(name); got != want {
		t.Errorf("%s holds %q, want %q", name, got, want)
	}
}

// wantFree fails unless the lock of a file is free for another process, but for a moment: a waiter whose time was
// over may still get the lock, and gives it back at once.
func (p *Place) wantFree(t *testing.T, name string) {
	t.Helper()
	testkit.Until(t, "the lock is free", func() bool {
		l, err := lockedfile.TryAcquire(p.path(name), p.Another)
		if errors.Is(err, errors.ErrLocked) {
			return false
		}
		testkit.Must(t, err)
		testkit.Must(t, l.Release())
		return true
	})
}
