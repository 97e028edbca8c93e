package engine

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
)

// fakeStore keeps its files in memory. With synctest its disk takes exactly as
// long as a test says.
type fakeStore struct {
	mu      sync.Mutex
	files   map[string]*fakeFile
	links   map[string]string // what a path means that is no file's own
	latency time.Duration     // of a commit
	moves   int               // how many more locks find that the path has moved
	looks   int               // how often a path was located
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
	return &fakeStore{files: map[string]*fakeFile{}, links: map[string]string{}, latency: latency}
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

// newEngine is an engine whose every sleep is virtual.
func newEngine(s *fakeStore) *Engine {
	e := New(s)
	e.sleep = time.Sleep
	return e
}

func (s *fakeStore) Locate(_ context.Context, p store.Target) (store.Location, error) {
	if p.Path == "" {
		return store.Location{}, errors.New("nowhere")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	name := p.Path
	if to, ok := s.links[name]; ok {
		name = to
	}
	return store.Location{Key: store.Key{Name: name}, Lock: p.LockDir}, nil
}

func (s *fakeStore) Admit(context.Context, store.Target, store.Location, store.Options) error {
	return nil
}

// PublishAll publishes one change after the other. Only a store that keeps files can do it otherwise.
func (s *fakeStore) PublishAll(ctx context.Context, all []store.Prepared, guard func() error) (int, error) {
	for i, p := range all {
		if _, err := p.Publish(ctx, guard); err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (s *fakeStore) Movable(context.Context, store.Location, store.Location) error { return nil }

func (s *fakeStore) Watch(context.Context, store.Target, store.ReadOptions, *safety.Log) (store.Watch, error) {
	return nil, errors.ErrUnsupported
}

// retarget makes a path mean another file.
func (s *fakeStore) retarget(link, file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[link] = file
}

func (s *fakeStore) Read(_ context.Context, p store.Target, o store.ReadOptions) (store.Content, error) {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.Content{Exists: f.exists, Data: []byte(f.data), Version: f.version}, nil
}

func (s *fakeStore) Checksum(context.Context, store.Target) (store.Checksum, error) {
	return store.Checksum{}, errors.ErrNoChecksum
}

func (s *fakeStore) Open(ctx context.Context, p store.Target, o store.ReadOptions) (store.Stream, error) {
	c, err := s.Read(ctx, p, o)
	return store.Stream{ReadCloser: io.NopCloser(bytes.NewReader(c.Data)), Version: c.Version}, err
}

func (s *fakeStore) TryLock(ctx context.Context, p store.Target, at store.Location, o store.Options) (store.Session, error) {
	now, err := s.Locate(ctx, p)
	if err != nil {
		return nil, err
	}
	f := s.file(at.Key.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.held != nil {
		return nil, errors.ErrLocked
	}
	if s.moves > 0 || now.Key != at.Key {
		s.moves = max(s.moves-1, 0)
		return nil, store.ErrMoved
	}
	f.held = &fakeSession{s, f, false}
	f.freed = make(chan struct{})
	f.opens = append(f.opens, time.Now())
	return f.held, nil
}

func (s *fakeStore) Lock(ctx context.Context, p store.Target, at store.Location, o store.Options) (store.Session, error) {
	for {
		session, err := s.TryLock(ctx, p, at, o)
		if err != errors.ErrLocked {
			return session, err
		}
		freed := s.freed(at.Key.Name)
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, errors.ErrLocked
		}
	}
}

// freed tells when a lock is free.
func (s *fakeStore) freed(path string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[path].freed
}

func (s *fakeStore) Holder(context.Context, store.Target, store.Location) string { return "somebody" }

func (s *fakeStore) Inspect(_ context.Context, p store.Target, at store.Location) (store.LockInfo, error) {
	f := s.file(p.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.LockInfo{Path: p.Path + ".lock", Held: f.held != nil}, nil
}

// Force gives the file to nobody; the old holder notices at its next commit.
func (s *fakeStore) Force(_ context.Context, p store.Target, at store.Location) error {
	f := s.file(at.Key.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.held != nil {
		f.held.lost = true
		f.held = nil
		close(f.freed)
	}
	return nil
}

// occupy is another process that waits for the lock and then holds it.
func (s *fakeStore) occupy(path string) (free func()) {
	place := store.Target{Path: path}
	ctx := context.Background()
	at, err := s.Locate(ctx, place)
	if err != nil {
		panic(err)
	}
	session, err := s.Lock(ctx, place, at, store.Options{})
	if err != nil {
		panic(err)
	}
	return func() { session.Release(ctx) }
}

// forget drops a file, so that a test of many needs little memory.
func (s *fakeStore) forget(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, path)
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

// inTrouble asks the test whether a commit goes well.
func (s *fakeStore) inTrouble(c store.Change) error {
	s.mu.Lock()
	trouble := s.trouble
	s.mu.Unlock()
	if trouble == nil {
		return nil
	}
	return trouble(c)
}

// commits is what was committed, and when.
func (s *fakeStore) commits(path string) []fakeCommit {
	f := s.file(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(f.commits)
}

func (s *fakeStore) Backups(context.Context, store.Target) ([]store.Backup, error) {
	return nil, errors.ErrUnsupported
}

func (s *fakeStore) ReadBackup(context.Context, store.Target, store.Backup, store.ReadOptions) (store.Content, error) {
	return store.Content{}, errors.ErrUnsupported
}
