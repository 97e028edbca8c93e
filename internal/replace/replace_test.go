package replace

import (
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/crashfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

var (
	strict = safety.Policy{Level: safety.Strict, Log: &safety.Log{Logger: slog.New(slog.DiscardHandler)}}
	warn   = safety.Policy{Level: safety.Warn, Log: &safety.Log{Logger: slog.New(slog.DiscardHandler)}}

	bestEffort = safety.Policy{Level: safety.BestEffort, Log: &safety.Log{Logger: slog.New(slog.DiscardHandler)}}
)

// bench is a disk with one file, "data", that holds "old".
type bench struct {
	t    *testing.T
	disk *faultfs.FS
	dir  vfs.Dir
	old  vfs.File
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, disk: faultfs.Wrap(crashfs.New())}
	var err error
	b.dir, err = b.disk.OpenDir("/")
	testkit.Must(t, err)
	b.old, err = b.dir.Create("data", 0o664)
	testkit.Must(t, err)
	_, err = b.old.Write([]byte("old"))
	testkit.Must(t, err)
	return b
}

// commit replaces "data" by "new"; a function may work on the temp before.
func (b *bench) commit(policy safety.Policy, before ...func(*Temp)) (vfs.Info, error) {
	b.t.Helper()
	temp, err := Create(b.dir, NoOwner, b.known(), 0o666, policy)
	testkit.Must(b.t, err)
	defer temp.Abort()
	_, err = temp.Write([]byte("new"))
	testkit.Must(b.t, err)
	for _, do := range before {
		do(temp)
	}
	return settleAndCommit(temp, func() error { return nil })
}

func (b *bench) known() *Old {
	info, err := b.old.Stat()
	testkit.Must(b.t, err)
	return &Old{Info: info, File: b.old}
}

// want checks what lies in the directory in the end: the file, and no temp.
func (b *bench) want(content string) vfs.File {
	b.t.Helper()
	b.disk.Reset()
	names, err := b.dir.Names()
	testkit.Must(b.t, err)
	if !slices.Equal(names, []string{"data"}) {
		b.t.Errorf("the directory holds %v", names)
	}
	f, err := b.dir.Open("data")
	testkit.Must(b.t, err)
	data, err := io.ReadAll(f)
	testkit.Must(b.t, err)
	if string(data) != content {
		b.t.Errorf("the file holds %q, want %q", data, content)
	}
	return f
}

func TestAReplacementKeepsModeOwnerAndAttributes(t *testing.T) {
	b := newBench(t)
	testkit.Must(t, b.old.Chmod(0o640|fs.ModeSetgid))
	testkit.Must(t, b.old.Chown(12, 34))
	for _, name := range []string{"user.colour", "security.selinux", "security.ima", "security.evm", "security.capability", "trusted.overlay.opaque"} {
		testkit.Must(t, b.old.SetAttr(name, []byte("v")))
	}
	testkit.Must(t, b.old.SetAttr(accessACL, aclOf(6, 6, 0, 4, 0)))
	info, err := b.commit(strict)
	testkit.Must(t, err)
	f := b.want("new")
	now, err := f.Stat()
	testkit.Must(t, err)
	if now != info {
		t.Errorf("Commit tells %+v, the file is %+v", info, now)
	}
	if now.Mode != 0o640|fs.ModeSetgid || now.UID != 12 || now.GID != 34 {
		t.Errorf("mode %v, owner %d:%d", now.Mode, now.UID, now.GID)
	}
	names, _ := f.Attrs()
	if want := []string{"security.selinux", accessACL, "user.colour"}; !slices.Equal(names, want) {
		t.Errorf("attributes %v, want %v", names, want)
	}
}

func TestAnAttributeThatMayNotBeSetIsFineIfItIsThere(t *testing.T) {
	for value, fine := range map[string]bool{"label": true, "other": false} {
		b := newBench(t)
		testkit.Must(t, b.old.SetAttr("security.selinux", []byte("label")))
		_, err := b.commit(strict, func(temp *Temp) {
			testkit.Must(t, temp.SetAttr("security.selinux", []byte(value)))
			b.disk.FailAll(faultfs.SetAttr, syscall.EPERM)
		})
		if fine != (err == nil) || (!fine && !errors.Is(err, fs.ErrPermission)) {
			t.Errorf("the temp had %q: %v", value, err)
		}
	}
}

func TestAnOwnerThatCannotBeKept(t *testing.T) {
	const mode = 0o664 | fs.ModeSetgid
	for _, c := range []struct {
		name   string
		uid    uint32
		fault  error
		policy safety.Policy
		want   error       // nil: it goes on
		mode   fs.FileMode // with this mode
	}{
		{"another user, strictly", 12, syscall.EPERM, strict, fs.ErrPermission, 0},
		{"another user, warned", 12, syscall.EPERM, warn, nil, 0o644},
		{"no mapping in the namespace, strictly", 12, syscall.EINVAL, strict, syscall.EINVAL, 0},
		// The group's bits were not meant for the group that it is now.
		{"another group, strictly", 0, syscall.EPERM, strict, fs.ErrPermission, 0},
		{"another group, warned", 0, syscall.EPERM, warn, nil, 0o644},
		{"a broken disk, warned", 12, syscall.EIO, warn, syscall.EIO, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			testkit.Must(t, b.old.Chmod(mode))
			testkit.Must(t, b.old.Chown(c.uid, 34))
			b.disk.FailAll(faultfs.Chown, c.fault)
			_, err := b.commit(c.policy)
			if c.want != nil {
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				b.want("old")
				return
			}
			testkit.Must(t, err)
			if info, _ := b.want("new").Stat(); info.Mode != c.mode {
				t.Errorf("the mode is %v, want %v", info.Mode, c.mode)
			}
		})
	}
}

func TestMetadataThatCannotBeReadOrSetIsAMatterOfPolicy(t *testing.T) {
	for _, verb := range []string{faultfs.Attrs, faultfs.Attr, faultfs.SetAttr} {
		for _, policy := range []safety.Policy{strict, warn} {
			b := newBench(t)
			testkit.Must(t, b.old.SetAttr("user.colour", []byte("blue")))
			b.disk.FailAll(verb, syscall.ENOSPC)
			_, err := b.commit(policy)
			if policy == strict {
				if !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("%s, strictly: %v", verb, err)
				}
				b.want("old")
			} else {
				testkit.Must(t, err)
				b.want("new")
			}
		}
	}
}

func TestAFailedFsyncIsNeverForgivenAMissingOneMayBe(t *testing.T) {
	for _, c := range []struct {
		fault  error
		policy safety.Policy
		want   error
	}{
		{syscall.EIO, strict, syscall.EIO},
		{syscall.EIO, warn, syscall.EIO},
		{syscall.EINVAL, strict, errors.ErrUnsupportedEnvironment},
		{syscall.ENOTSUP, strict, errors.ErrUnsupportedEnvironment},
		{syscall.EINVAL, warn, nil},
	} {
		b := newBench(t)
		b.disk.FailAll(faultfs.Sync, c.fault)
		_, err := b.commit(c.policy)
		if !errors.Is(err, c.want) {
			t.Errorf("%v under %v: %v, want %v", c.fault, c.policy.Level, err, c.want)
		}
		syncs := 0
		for _, op := range b.disk.Ops() {
			if op.Verb == faultfs.Sync {
				syncs++
			}
		}
		if syncs != 1 {
			t.Errorf("%v under %v: synced %d times", c.fault, c.policy.Level, syncs)
		}
		if c.want != nil {
			b.want("old")
		} else {
			b.want("new")
		}
	}
}

func TestADirectoryWhoseFsyncFailsIsNotDurableAtEveryLevel(t *testing.T) {
	for _, policy := range []safety.Policy{strict, warn, bestEffort} {
		for _, fault := range []error{syscall.EIO, syscall.ENOSPC, syscall.EPERM, syscall.EBADF} {
			for _, verb := range []string{faultfs.SyncDir, faultfs.Confirm} {
				b := newBench(t)
				b.disk.FailAll(verb, fault)
				if _, err := b.commit(policy); !errors.Is(err, errors.ErrNotDurable) || !errors.Is(err, fault) {
					t.Errorf("%s, level %v: %v became %v", verb, policy.Level, fault, err)
				}
				b.want("new")
			}
		}
	}
}

func TestAFilesystemWithoutDirectoryFsyncIsRefusedUnderStrictAlone(t *testing.T) {
	for _, fault := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS} {
		for _, policy := range []safety.Policy{strict, warn, bestEffort} {
			b := newBench(t)
			b.disk.FailAll(faultfs.SyncDir, fault)
			if _, err := b.commit(policy); errors.Is(err, errors.ErrNotDurable) != (policy == strict) || (err == nil) != (policy != strict) {
				t.Errorf("level %v: %v became %v", policy.Level, fault, err)
			}
			b.want("new")
		}
	}
}

func TestOfSeveralDirectoriesAllAreSyncedBeforeOneIsConfirmed(t *testing.T) {
	for _, c := range []struct {
		policy safety.Policy
		verb   string // fails in the first directory
		fault  error
		want   []string
		err    error
	}{
		{strict, "", nil, []string{"sync directory one", "sync directory two", "confirm directory one", "confirm directory two"}, nil},
		{warn, faultfs.SyncDir, syscall.EINVAL, []string{"sync directory one", "sync directory two", "confirm directory one", "confirm directory two"}, nil},
		{strict, faultfs.SyncDir, syscall.EINVAL, []string{"sync directory one"}, errors.ErrNotDurable},
		{warn, faultfs.SyncDir, syscall.EIO, []string{"sync directory one"}, errors.ErrNotDurable},
		{warn, faultfs.Confirm, syscall.EIO, []string{"sync directory one", "sync directory two", "confirm directory one"}, errors.ErrNotDurable},
	} {
		disk := faultfs.Wrap(crashfs.New())
		var dirs []vfs.Dir
		for _, name := range []string{"one", "two"} {
			testkit.Must(t, disk.Mkdir("/"+name, 0o755))
			dir, err := disk.OpenDir("/" + name)
			testkit.Must(t, err)
			dirs = append(dirs, dir)
		}
		var got []string
		disk.Before(func(op faultfs.Op) error {
			got = append(got, op.Verb+" "+op.Path[1:])
			if op.Verb == c.verb && op.Path == dirs[0].Path() {
				return c.fault
			}
			return nil
		})
		if err := SyncDirs(c.policy, dirs...); !errors.Is(err, c.err) || !slices.Equal(got, c.want) {
			t.Errorf("%v of %s: %v after %q", c.fault, c.verb, err, got)
		}
	}
}

func TestARefusedRenameSaysWhatToDo(t *testing.T) {
	for fault, want := range map[error]error{
		syscall.ENOENT: errors.ErrLockLost,
		syscall.EBUSY:  errors.ErrUnsupportedEnvironment,
		syscall.EXDEV:  syscall.EXDEV,
		syscall.EACCES: fs.ErrPermission,
	} {
		b := newBench(t)
		b.disk.FailAll(faultfs.Rename, fault)
		if _, err := b.commit(strict); !errors.Is(err, want) || !errors.Is(err, fault) {
			t.Errorf("%v became %v", fault, err)
		}
		b.want("old")
	}
}

func TestTheGuardRunsWhenAllIsReadyAndStopsTheRename(t *testing.T) {
	b := newBench(t)
	stop := errors.New("stop")
	temp, err := Create(b.dir, NoOwner, b.known(), 0o666, strict)
	testkit.Must(t, err)
	b.disk.Reset()
	_, err = settleAndCommit(temp, func() error {
		if ops := b.disk.Ops(); ops[len(ops)-1].Verb != faultfs.Sync {
			t.Errorf("the last step before the guard was %v", ops[len(ops)-1])
		}
		return stop
	})
	if err != stop {
		t.Errorf("got %v", err)
	}
	temp.Abort() // once more does nothing
	b.want("old")
}

func TestAStepThatFailsLeavesTheOldAndNoTemp(t *testing.T) {
	for _, verb := range []string{faultfs.Stat, faultfs.Chmod, faultfs.RemoveAttr} {
		b := newBench(t)
		old := b.known()
		temp, err := Create(b.dir, NoOwner, old, 0o666, strict)
		testkit.Must(t, err)
		b.disk.Before(func(op faultfs.Op) error {
			// An ACL is removed only if there may be one.
			if op.Verb == verb || op.Verb == faultfs.Attr {
				return syscall.EIO
			}
			return nil
		})
		if _, err := settleAndCommit(temp, func() error { return nil }); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", verb, err)
		}
		b.want("old")
	}
	b := newBench(t)
	b.disk.FailAll(faultfs.Create, syscall.ENOSPC)
	if _, err := Create(b.dir, NoOwner, nil, 0o666, strict); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create: %v", err)
	}
}

func TestATempIsPrivateUntilItHasItsModeUnlessTheFileIsNew(t *testing.T) {
	b := newBench(t)
	for want, old := range map[fs.FileMode]*Old{0o600: b.known(), 0o644: nil} {
		temp, err := Create(b.dir, NoOwner, old, 0o644, strict)
		testkit.Must(t, err)
		if info, _ := temp.Stat(); info.Mode != want {
			t.Errorf("the temp has mode %v, want %v", info.Mode, want)
		}
		temp.Abort()
	}
}

// settleAndCommit does all that is left once the content is written.
func settleAndCommit(temp *Temp, guard func() error) (vfs.Info, error) {
	defer temp.Abort()
	if err := temp.Settle(); err != nil {
		return vfs.Info{}, err
	}
	if err := temp.Commit("data", guard); err != nil {
		return vfs.Info{}, err
	}
	return temp.Stat()
}
