package engine

import (
	"context"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
)

// fakeSession is a file of a fakeStore while its lock is held.
type fakeSession struct {
	store *fakeStore
	file  *fakeFile
	lost  bool
}

func (s *fakeSession) Load(_ context.Context, o store.ReadOptions) (store.Content, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.file.loads++
	return store.Content{Exists: s.file.exists, Data: []byte(s.file.data), Version: s.file.version}, nil
}

func (s *fakeSession) Exists(context.Context) (bool, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.file.exists, nil
}

func (s *fakeSession) Prepare(_ context.Context, c store.Change, _ store.Options) (store.Prepared, error) {
	return &fakePrepared{session: s, change: c}, nil
}

// fakePrepared takes its time when it is published.
type fakePrepared struct {
	session *fakeSession
	change  store.Change
}

func (p *fakePrepared) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (p *fakePrepared) Abort() {}

func (p *fakePrepared) Publish(_ context.Context, guard func() error) (store.Version, error) {
	s, c := p.session, p.change
	time.Sleep(s.store.latency)
	if err := s.store.inTrouble(c); err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	f := s.file
	if s.lost {
		return nil, errors.ErrLockLost
	}
	if c.Read != nil && c.Read != f.version {
		return nil, errors.ErrChanged
	}
	if err := guard(); err != nil {
		return nil, err
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

func (s *fakeSession) Recover(context.Context, safety.Policy) error { return nil }

func (s *fakeSession) Check(context.Context) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.lost {
		return errors.ErrLockLost
	}
	return nil
}

func (s *fakeSession) Announce(context.Context) {}

func (s *fakeSession) Respell(context.Context, store.Location, store.Options) error { return nil }

func (s *fakeSession) MoveTo(_ context.Context, to store.Session, _ store.Options) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	dst := to.(*fakeSession).file
	if dst == s.file {
		return nil
	}
	dst.exists, dst.data = s.file.exists, s.file.data
	s.file.exists, s.file.data = false, ""
	return nil
}

func (s *fakeSession) Seal(context.Context, store.Options) error { return errors.ErrUnsupported }

func (s *fakeSession) Unseal(context.Context, store.Options) error { return errors.ErrUnsupported }

func (s *fakeSession) Stale() bool { return false }

func (s *fakeSession) Release(context.Context) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.file.closes = append(s.file.closes, time.Now())
	if s.file.held == s {
		s.file.held = nil
		close(s.file.freed)
	}
	return nil
}
