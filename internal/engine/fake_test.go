package engine

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/sidecar"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/vfs"
)

// fakeStore keeps its files in memory. With synctest its disk takes exactly as
// long as a test says.
type fakeStore struct {
	mu      sync.Mutex
	files   map[string]*fakeFile
	latency time.Duration // of a commit
	moves   int           // how many more locks find that the path has moved
	trouble func(c store.Change) error
}

type fakeFile struct {
	exists  bool
	data    string
	version int
	held    *fakeSession
	freed   chan struct{} // closed when held ends
	commits []fakeCommit
	loads   int
	opens   []time.Time // when the lock was taken
	closes  []time.Time // and freed
}

type fakeCommit struct {
	change store.Change
	at     time.Time
}

func newFakeStore(latency time.Duration) *fakeStore {
	return &fakeStore{files: map[string]*fakeFile{}, latency: latency}
}

func (s *fakeStore) file(path string) *fakeFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[path]
	if f == nil {
		f = &fakeFile{}
		s.files[path] = f
	}
	return f
}

func (s *fakeStore) Locate(p store.Placement) (store.Location, error) {
	if p.Path == "" {
		return store.Location{}, errors.New("nowhere")
	}
	return store.Location{Key: store.Key{Dir: vfs.ID{Ino: 1}, Name: p.Path}, Lock: p.LockDir}, nil
}

func (s *fakeStore) Read(p store.Placement, o store.ReadOptions) ([]byte, error) {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return []byte(f.data), nil
}

func (s *fakeStore) Sidecar(store.Placement) (string, sidecar.Sidecar, error) {
	return "", sidecar.Sidecar{}, errors.ErrNoChecksum
}

func (s *fakeStore) Open(p store.Placement, o store.ReadOptions) (io.ReadCloser, error) {
	data, err := s.Read(p, o)
	return io.NopCloser(bytes.NewReader(data)), err
}

func (s *fakeStore) TryLock(p store.Placement, at store.Location) (store.Session, error) {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moves > 0 {
		s.moves--
		return nil, store.ErrMoved
	}
	if f.held != nil {
		return nil, errors.ErrLocked
	}
	f.held = &fakeSession{s, f, false}
	f.freed = make(chan struct{})
	f.opens = append(f.opens, time.Now())
	return f.held, nil
}

func (s *fakeStore) Lock(p store.Placement, at store.Location, done <-chan struct{}) (store.Session, error) {
	for {
		session, err := s.TryLock(p, at)
		if err != errors.ErrLocked {
			return session, err
		}
		s.mu.Lock()
		freed := s.files[p.Path].freed
		s.mu.Unlock()
		select {
		case <-freed:
		case <-done:
			return nil, errors.ErrLocked
		}
	}
}

func (s *fakeStore) Holder(store.Placement, store.Location) string { return "somebody" }

func (s *fakeStore) Inspect(p store.Placement, at store.Location) (store.LockInfo, error) {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.LockInfo{Path: p.Path + ".lock", Held: f.held != nil}, nil
}

// Force gives the file to nobody; the old holder notices at its next commit.
func (s *fakeStore) Force(p store.Placement, at store.Location) error {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.held != nil {
		f.held.lost = true
		f.held = nil
		close(f.freed)
	}
	return nil
}

// occupy is another process that holds the lock.
func (s *fakeStore) occupy(path string) (free func()) {
	session, err := s.TryLock(store.Placement{Path: path}, store.Location{})
	if err != nil {
		panic(err)
	}
	return func() { session.Release() }
}

// content is what lies on the disk.
func (s *fakeStore) content(path string) string {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.exists {
		return "nothing"
	}
	return f.data
}

// locked reports whether anybody holds the lock.
func (s *fakeStore) locked(path string) bool {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.held != nil
}

// loads is how often the file was read under the lock.
func (s *fakeStore) loads(path string) int {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.loads
}

// change is somebody who does not take the lock.
func (s *fakeStore) change(path, data string) {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	f.exists, f.data = true, data
	f.version++
}

// commits is what was committed, and when.
func (s *fakeStore) commits(path string) []fakeCommit {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(f.commits)
}

type fakeSession struct {
	store *fakeStore
	file  *fakeFile
	lost  bool
}

func (s *fakeSession) Load(o store.ReadOptions) (store.Content, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.file.loads++
	return store.Content{Exists: s.file.exists, Data: []byte(s.file.data), Version: s.file.version}, nil
}

func (s *fakeSession) Exists() (bool, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.file.exists, nil
}

func (s *fakeSession) Commit(c store.Change, o store.Options) (store.Version, error) {
	time.Sleep(s.store.latency)
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	f := s.file
	if s.lost {
		return nil, errors.ErrLockLost
	}
	if c.Read != nil && c.Read != f.version {
		return nil, errors.ErrChanged
	}
	if s.store.trouble != nil {
		if err := s.store.trouble(c); err != nil {
			return nil, err
		}
	}
	var text strings.Builder
	if c.Append {
		text.WriteString(f.data)
	}
	for _, p := range c.Parts {
		text.Write(p)
	}
	f.exists, f.data = !c.Remove, text.String()
	f.version++
	f.commits = append(f.commits, fakeCommit{c, time.Now()})
	return f.version, nil
}

func (s *fakeSession) Check() error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.lost {
		return errors.ErrLockLost
	}
	return nil
}

func (s *fakeSession) Announce() {}

func (s *fakeSession) Draft(store.Options) (store.Draft, error) { return nil, errors.ErrUnsupported }

func (s *fakeSession) MoveTo(store.Session, store.Options) error { return errors.ErrUnsupported }

func (s *fakeSession) Seal(store.Options) error { return errors.ErrUnsupported }

func (s *fakeSession) Unseal(store.Options) error { return errors.ErrUnsupported }

func (s *fakeSession) Stale() bool { return false }

func (s *fakeSession) Release() error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.file.closes = append(s.file.closes, time.Now())
	if s.file.held == s {
		s.file.held = nil
		close(s.file.freed)
	}
	return nil
}
