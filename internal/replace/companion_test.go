package replace

import (
	"bytes"
	"io/fs"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// If the access of a file can't be kept, that makes the access of its companion narrower, never wider.
func TestACompanionIsNeverWiderThanItsFile(t *testing.T) {
	granted, inherited := aclOf(6, 0, 4, 4, 0), aclOf(6, 6, 6, 6, 6)
	for _, c := range []struct {
		name   string
		mode   fs.FileMode
		acl    string
		fail   []string
		cause  error
		policy safety.Policy
		want   error
		ends   fs.FileMode
	}{
		{"all is kept", 0o640, "", nil, nil, strict, nil, 0o640},
		{"nobody executes it", 0o755, "", nil, nil, strict, nil, 0o644},
		{"another group may read", 0o664, "", []string{faultfs.Chown}, syscall.EPERM, strict, nil, 0o644},
		{"another group may not", 0o640, "", []string{faultfs.Chown}, syscall.EPERM, strict, nil, 0o600},
		{"the group may less than others", 0o604, "", []string{faultfs.Chown}, syscall.EINVAL, strict, nil, 0o600},
		{"an ACL that is kept", 0o640, "acl", nil, nil, strict, nil, 0o640},
		{"an ACL that is refused", 0o644, "acl", []string{faultfs.SetAttr}, syscall.ENOTSUP, strict, nil, 0o600},
		{"an ACL of another group", 0o644, "acl", []string{faultfs.Chown}, syscall.EPERM, strict, nil, 0o600},
		{"an ACL that can't be read", 0o644, "acl", []string{faultfs.Attr}, syscall.EPERM, strict, nil, 0o600},
		{"an inherited ACL that stays", 0o644, "", []string{faultfs.RemoveAttr}, syscall.EPERM, strict, nil, 0o600},
		{"a mode that can't be set but is narrow", 0o644, "", []string{faultfs.Chmod}, syscall.EPERM, strict, nil, 0o600},
		{"a disk that fails", 0o644, "acl", []string{faultfs.SetAttr}, syscall.EIO, bestEffort, syscall.EIO, 0},
		{"a disk that fails at the owner", 0o644, "", []string{faultfs.Chown}, syscall.EIO, bestEffort, syscall.EIO, 0},
		{"a disk that fails at the mode", 0o644, "", []string{faultfs.Chmod}, syscall.EIO, bestEffort, syscall.EIO, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			testkit.Must(t, b.old.Chown(12, 34))
			testkit.Must(t, b.old.Chmod(c.mode))
			if c.acl != "" {
				testkit.Must(t, b.old.SetAttr(accessACL, granted))
			}
			f, err := b.dir.Create("data.sha256", 0o600)
			testkit.Must(t, err)
			testkit.Must(t, f.SetAttr(accessACL, inherited))
			of := b.known()
			for _, verb := range c.fail {
				b.disk.FailAll(verb, c.cause)
			}
			err = ShareAccess(f, of, nil, c.policy)
			b.disk.Reset()
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v", err)
			}
			info, statErr := f.Stat()
			testkit.Must(t, statErr)
			if err == nil && info.Mode.Perm() != c.ends {
				t.Errorf("its mode is %o, not %o", info.Mode.Perm(), c.ends)
			}
			has, _ := f.Attr(accessACL)
			if err == nil && bytes.Equal(has, inherited) && c.ends != 0o600 {
				t.Error("the directory's ACL has stayed")
			}
			if bytes.Equal(has, granted) && info.GID != of.Info.GID {
				t.Error("an ACL is kept that speaks of another group")
			}
		})
	}
}

// A filesystem that makes every file wide and refuses chmod(2) is a matter of policy.
func TestACompanionThatCannotBeNarrowIsRefusedOrSaid(t *testing.T) {
	b := newBench(t)
	testkit.Must(t, b.old.Chmod(0o600))
	f, err := b.dir.Create("data.sha256", 0o644)
	testkit.Must(t, err)
	b.disk.FailAll(faultfs.Chmod, syscall.EPERM)
	testkit.WantIs(t, "strictly", ShareAccess(f, b.known(), nil, strict), syscall.EPERM)
	testkit.Must(t, ShareAccess(f, b.known(), nil, bestEffort))
}
