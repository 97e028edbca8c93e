package disk

import (
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// watchHub shares one Notifier among all watches of a process: the kernel allows a user few of them (inotify(7)). It is
// made for the first watch and closed with the last.
//
// Directories are watched, and not the files in them, since a file that is replaced is another file. A report
// has the name of the entry, which leads to the watches that want it, however many others there are.
type watchHub struct {
	mu       sync.Mutex
	notifier vfs.Notifier // nil while nobody watches
	done     chan struct{}
	users    int
	nodes    map[vfs.WatchID]*watchNode
}

// watchNode is a directory or file that the Notifier watches.
type watchNode struct {
	id    vfs.WatchID
	gone  bool                       // the Notifier has ended it
	names map[string]map[*watch]role // by the name of an entry; by "" for a file
	count int                        // of watches, in all names
}

// join counts one watch more.
func (h *watchHub) join(fsys vfs.FS) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.notifier == nil {
		n, err := fsys.Notifier()
		if err != nil {
			return err
		}
		h.notifier, h.done, h.nodes = n, make(chan struct{}), make(map[vfs.WatchID]*watchNode)
		go h.serve(n, h.done)
	}
	h.users++
	return nil
}

// leave counts one watch less. With the last one, the Notifier and its goroutine are gone when leave returns.
func (h *watchHub) leave() {
	h.mu.Lock()
	h.users--
	n, done := h.notifier, h.done
	if h.users > 0 {
		h.mu.Unlock()
		return
	}
	h.notifier, h.nodes = nil, nil
	h.mu.Unlock()
	_ = n.Close() // nothing is written to it
	<-done
}

func (h *watchHub) serve(n vfs.Notifier, done chan struct{}) {
	defer close(done)
	for n.Wait() == nil {
		h.mu.Lock()
		if h.notifier == n {
			n.Take(h.dispatch)
		}
		h.mu.Unlock()
	}
}

// take gives the watches what has been reported by now.
func (h *watchHub) take() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.notifier != nil {
		h.notifier.Take(h.dispatch)
	}
}

// dispatch tells the watches that want to know of an event. The mutex is held.
func (h *watchHub) dispatch(e vfs.Event) {
	if e.Kind == vfs.EventsLost {
		for _, n := range h.nodes {
			n.tellAll(e.Kind)
		}
		return
	}
	n := h.nodes[e.Watch]
	if n == nil {
		return // given up meanwhile
	}
	if e.Kind == vfs.Unwatched {
		n.gone = true
		delete(h.nodes, e.Watch)
	}
	watches := n.names[string(e.Name)]
	if len(e.Name) == 0 && (watches == nil || e.Kind == vfs.SelfGone || e.Kind == vfs.Unwatched) {
		n.tellAll(e.Kind)
		return
	}
	for w, r := range watches {
		w.notice(watchedEntry{n, string(e.Name)}, r, e.Kind)
	}
}

// tellAll tells of an event that is about the directory, and so about the paths that lead through it.
func (n *watchNode) tellAll(kind vfs.EventKind) {
	for name, watches := range n.names {
		for w := range watches {
			w.notice(watchedEntry{n, name}, roleStep, kind)
		}
	}
}

// watch reports to w the changes of an entry of the directory at path, or of the file at path if name is empty. After it
// has returned nil, every later event comes to w. The mutex is held during the call to the kernel, so that nobody gives up
// the same directory between that call and its registration. path is on a local filesystem, so the call does not hang.
func (h *watchHub) watch(w *watch, path, name string, r role, s vfs.Scope) (watchedEntry, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, err := h.notifier.Watch(path, s)
	if err != nil {
		return watchedEntry{}, err
	}
	n := h.nodes[id]
	if n == nil {
		n = &watchNode{id: id, names: make(map[string]map[*watch]role)}
		h.nodes[id] = n
	}
	watches := n.names[name]
	if watches == nil {
		watches = make(map[*watch]role)
		n.names[name] = watches
	}
	if _, again := watches[w]; !again {
		n.count++
	}
	watches[w] |= r
	return watchedEntry{n, name}, nil
}

// retain ends the reports to w of all entries but those in keep.
func (h *watchHub) retain(w *watch, keep map[watchedEntry]role) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range w.entries {
		if _, ok := keep[p]; !ok {
			h.forget(w, p)
		}
	}
	for p, r := range keep {
		p.node.names[p.name][w] = r
	}
	w.entries = keep
	if _, ok := keep[w.cause]; !ok && w.cause.node != nil && w.route.file != nil {
		// The file of the old entry was being written or removed, and the path leads to another file now.
		w.changed, w.unsettled = true, time.Time{}
	}
}

func (h *watchHub) forget(w *watch, p watchedEntry) {
	n := p.node
	delete(n.names[p.name], w)
	if len(n.names[p.name]) == 0 {
		delete(n.names, p.name)
	}
	if n.count--; n.count == 0 && !n.gone {
		h.notifier.Unwatch(n.id)
		delete(h.nodes, n.id)
	}
}
