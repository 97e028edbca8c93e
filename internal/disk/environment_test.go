package disk

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

var (
	volatile = vfs.Volume{Type: "overlay", Unsynced: true}
	network  = vfs.Volume{Type: "nfs4"}
)

func lockOn(t *testing.T, v vfs.Volume, o store.Options) (store.Target, store.Session, error) {
	t.Helper()
	testkit.NeedLinux(t) // whose volumes they are
	p := at(t)
	d := New(faultfs.OnVolume(vfs.OS, func(string) vfs.Volume { return v }))
	where, err := d.Locate(context.Background(), p)
	testkit.Must(t, err)
	s, err := d.TryLock(ctx, p, where, o)
	if err == nil {
		t.Cleanup(func() { s.Release(ctx) })
	}
	return p, s, err
}

func TestABareLockReliesOnExclusionAlone(t *testing.T) {
	bare := store.Options{Bare: true, Metadata: true}
	_, s, err := lockOn(t, volatile, bare)
	testkit.Must(t, err)
	if _, err := commit(s, text("new"), bare); !errors.Is(err, errors.ErrUnsupportedEnvironment) {
		t.Errorf("what is committed under it is not judged: %v", err)
	}
	p, _, err := lockOn(t, network, bare)
	testkit.WantIs(t, "on a network filesystem", err, errors.ErrUnsupportedEnvironment)
	if names, _ := filepath.Glob(filepath.Dir(p.Path) + "/*"); len(names) > 0 {
		t.Errorf("it was refused and made %v", names)
	}
}

func TestEveryCommitIsJudgedByItsOwnPolicy(t *testing.T) {
	careless := store.Options{Perm: 0o666, Metadata: true, Policy: safety.Policy{Level: safety.BestEffort}}
	_, s, err := lockOn(t, network, careless)
	testkit.Must(t, err)
	if _, err := commit(s, text("new"), careless); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"seal":   s.Seal(ctx, keep),
		"unseal": s.Unseal(ctx, keep),
		"commit": func() error { _, err := commit(s, text("newer"), keep); return err }(),
		"remove": func() error { _, err := commit(s, store.Change{Remove: true}, keep); return err }(),
		"draft":  func() error { _, err := s.Prepare(ctx, store.Change{Stream: true}, keep); return err }(),
	} {
		testkit.WantIs(t, what, err, errors.ErrUnsupportedEnvironment)
	}
}
