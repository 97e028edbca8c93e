//go:build unix

package lock

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

func wantLockMode(t *testing.T, p Spec, want fs.FileMode) {
	t.Helper()
	if info, err := p.Dir.Stat(p.Name); err != nil || info.Mode != want {
		t.Errorf("the lock has mode %v, %v, want %v", info.Mode, err, want)
	}
}

// The directory's owner may put a file of another user there at any moment.
func TestAFilePutWhereTheLockIsBeingMadeKeepsItsOwnerAndMode(t *testing.T) {
	testkit.NeedRoot(t)
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	p.Like = func() (vfs.Info, bool) { return vfs.Info{Mode: 0o666, UID: 12, GID: 34}, true }
	victim := p.Path + ".victim"
	write(t, victim, "")
	disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Create {
			return os.Rename(victim, p.Path)
		}
		return nil
	})
	take(t, p)
	info, err := p.Dir.Stat(p.Name)
	testkit.Must(t, err)
	if info.Mode != 0o600 || info.UID != 0 || info.GID != 0 {
		t.Errorf("it has mode %v and owner %d:%d", info.Mode, info.UID, info.GID)
	}
	if names, _ := p.Dir.Names(); len(names) != 1 {
		t.Errorf("the directory holds %v", names)
	}
}

func TestTheLockOfAFileThatDoesNotExistIsForThoseWhomTheUmaskWillLetWriteIt(t *testing.T) {
	for _, c := range []struct {
		umask      int
		perm, want fs.FileMode
	}{
		{0o022, 0o666, 0o600}, {0o002, 0o666, 0o660}, {0, 0o666, 0o666}, {0o077, 0o666, 0o600}, {0o777, 0o666, 0o600},
		{0o277, 0o666, 0o600}, {0, 0o640, 0o600}, {0o002, 0o660, 0o660}, {0, 0o644, 0o600}, {0o020, 0o666, 0o606},
	} {
		t.Run(fmt.Sprintf("%o with umask %o", c.perm, c.umask), func(t *testing.T) {
			p := spec(t)
			p.Perm = c.perm
			testkit.Umask(t, c.umask)
			testkit.Must(t, take(t, p).Release())
			wantLockMode(t, p, c.want)
			testkit.Must(t, take(t, p).Release())
		})
	}
}

// Another process of the user may come before the lock file has its mode, or the maker
// may be killed before that.
func TestALockFileServesItsOwnerFromTheFirstMoment(t *testing.T) {
	testkit.Umask(t, 0o022)
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	looked := 0
	disk.Before(func(op faultfs.Op) error {
		if info, err := os.Stat(p.Path); err == nil {
			looked++
			if info.Mode()&0o600 != 0o600 {
				t.Errorf("before %s the lock has mode %v", op.Verb, info.Mode())
			}
		}
		return nil
	})
	take(t, p)
	if looked == 0 {
		t.Error("nothing was seen of it")
	}
}

// flock(2) needs no more than an open file.
func TestALockFileIsNeverOpenToMereReadersNotEvenWhileItIsMade(t *testing.T) {
	testkit.Umask(t, 0)
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	p.Perm = 0o644
	p.Like = func() (vfs.Info, bool) { return vfs.Info{Mode: 0o644}, true }
	looked := 0
	disk.Before(func(op faultfs.Op) error {
		if info, err := os.Stat(p.Path); err == nil {
			looked++
			if info.Mode()&0o077 != 0 {
				t.Errorf("before %s the lock has mode %v", op.Verb, info.Mode())
			}
		}
		return nil
	})
	take(t, p)
	if looked == 0 {
		t.Error("nothing was seen of it")
	}
}

func TestALockFileTooNarrowForTheDatasWritersIsMendedByItsOwner(t *testing.T) {
	me, mine := uint32(os.Geteuid()), uint32(os.Getegid())
	for what, c := range map[string]struct {
		data *vfs.Info
		want fs.FileMode
	}{
		"the group may write":        {&vfs.Info{Mode: 0o664, UID: me, GID: mine}, 0o660},
		"all may write":              {&vfs.Info{Mode: 0o666, UID: me, GID: mine}, 0o666},
		"others may read":            {&vfs.Info{Mode: 0o644, UID: me, GID: mine}, 0o600},
		"somebody else's":            {&vfs.Info{Mode: 0o666, UID: me + 1, GID: mine}, 0o600},
		"no regular file":            {&vfs.Info{Mode: 0o666 | fs.ModeDir, UID: me, GID: mine}, 0o600},
		"nobody knows of the data":   {nil, 0o600},
		"nobody may write, not even": {&vfs.Info{Mode: 0o444, UID: me, GID: mine}, 0o600},
	} {
		p := spec(t)
		write(t, p.Path, "")
		p.Data = c.data
		take(t, p)
		if wantLockMode(t, p, c.want); t.Failed() {
			t.Fatal(what)
		}
	}
}

func TestAMendedLockFileGetsTheGroupOfTheData(t *testing.T) {
	testkit.NeedRoot(t)
	p := spec(t)
	write(t, p.Path, "")
	p.Data = &vfs.Info{Mode: 0o660, GID: 34}
	take(t, p)
	wantLockMode(t, p, 0o660)
	if info, _ := p.Dir.Stat(p.Name); info.UID != 0 || info.GID != 34 {
		t.Errorf("it belongs to %d:%d", info.UID, info.GID)
	}
}

// A maker who is not in the data's group must not let its own group in instead.
func TestTheGroupOfTheMakerIsNotLetInForTheDatas(t *testing.T) {
	disk := faultfs.Wrap(vfs.OS)
	p := specIn(t, disk, t.TempDir())
	disk.FailAll(faultfs.Chown, syscall.EPERM)
	data := vfs.Info{Mode: 0o660, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()) + 1}
	p.Like = func() (vfs.Info, bool) { return data, true }
	testkit.Must(t, take(t, p).Release())
	wantLockMode(t, p, 0o600)
	testkit.Must(t, os.Remove(p.Path))
	data.Mode = 0o666
	take(t, p)
	wantLockMode(t, p, 0o666)
}
