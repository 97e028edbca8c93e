package replace

import (
	"encoding/binary"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/safety"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// aclOf is an ACL that grants these bits to the owner, to user 1234, to the file's
// group, to the mask and to others.
func aclOf(owner, named, group, mask, others uint16) []byte {
	a := binary.LittleEndian.AppendUint32(nil, aclVersion)
	const nobody = 0xffffffff
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, owner, nobody}, {2, named, 1234}, {tagGroupObj, group, nobody}, {tagMask, mask, nobody}, {tagOther, others, nobody}} {
		a = binary.LittleEndian.AppendUint16(a, e.tag)
		a = binary.LittleEndian.AppendUint16(a, e.perm)
		a = binary.LittleEndian.AppendUint32(a, e.id)
	}
	return a
}

// grantsOf are the mode and the ACL of an open file.
func grantsOf(t *testing.T, f vfs.File) (fs.FileMode, string) {
	t.Helper()
	info, err := f.Stat()
	testkit.Must(t, err)
	a, err := f.Attr(accessACL)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return info.Mode, string(a)
}

func TestAGroupThatCannotBeKeptIsAnErrorIfSomebodyLosesAccessByIt(t *testing.T) {
	for _, c := range []struct {
		name     string
		mode     fs.FileMode
		acl      []byte
		refused  bool // under Strict
		want     fs.FileMode
		wantsACL []byte
	}{
		{name: "the group may write", mode: 0o660, refused: true, want: 0o600},
		{name: "the group may read", mode: 0o640, refused: true, want: 0o600},
		{name: "the group may do less than others", mode: 0o604, refused: true, want: 0o600},
		{name: "the group may do what all may", mode: 0o644, want: 0o644},
		{name: "nobody else may do anything", mode: 0o600, want: 0o600},
		{name: "it runs as its group", mode: 0o755 | fs.ModeSetgid, refused: true, want: 0o755},
		{name: "an ACL, and the group may do nothing", mode: 0o660, acl: aclOf(6, 6, 0, 6, 0),
			want: 0o660, wantsACL: aclOf(6, 6, 0, 6, 0)},
		{name: "an ACL, and the group may write", mode: 0o664, acl: aclOf(6, 6, 6, 6, 4), refused: true,
			want: 0o664, wantsACL: aclOf(6, 6, 4, 6, 4)},
	} {
		for _, policy := range []safety.Policy{strict, warn, bestEffort} {
			b := newBench(t)
			testkit.Must(t, b.old.Chown(0, 34))
			testkit.Must(t, b.old.Chmod(c.mode))
			if c.acl != nil {
				testkit.Must(t, b.old.SetAttr(accessACL, c.acl))
			}
			b.disk.FailAll(faultfs.Chown, syscall.EPERM)
			_, err := b.commit(policy)
			if c.refused && policy == strict {
				if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the group (34) can't be kept") ||
					!strings.Contains(err.Error(), "WithSafety(Warn)") {
					t.Errorf("%s: %v", c.name, err)
				}
				b.want("old")
				continue
			}
			testkit.Must(t, err)
			if mode, got := grantsOf(t, b.want("new")); mode != c.want || got != string(c.wantsACL) {
				t.Errorf("%s, level %v: mode %v, ACL %q", c.name, policy.Level, mode, got)
			}
		}
	}
}

func TestTheGroupIsKeptEvenIfTheOwnerCannotBe(t *testing.T) {
	b := newBench(t)
	testkit.Must(t, b.old.Chown(12, 34))
	testkit.Must(t, b.old.Chmod(0o660))
	calls := 0
	b.disk.Before(func(op faultfs.Op) error {
		if op.Verb == faultfs.Chown {
			calls++
		}
		if op.Verb == faultfs.Chown && calls != 2 { // of both, of the group alone, of the owner alone
			return syscall.EPERM
		}
		return nil
	})
	_, err := b.commit(warn)
	testkit.Must(t, err)
	info, err := b.want("new").Stat()
	testkit.Must(t, err)
	if info.UID != 0 || info.GID != 34 || info.Mode != 0o660 {
		t.Errorf("owner %d:%d, mode %v", info.UID, info.GID, info.Mode)
	}
}

func TestAnACLThatCannotBeKeptGivesTheGroupNotItsMask(t *testing.T) {
	b := newBench(t)
	testkit.Must(t, b.old.SetAttr(accessACL, aclOf(6, 6, 0, 6, 0)))
	testkit.Must(t, b.old.Chmod(0o660))
	for _, policy := range []safety.Policy{strict, warn} {
		b.disk.FailAll(faultfs.SetAttr, syscall.ENOTSUP)
		_, err := b.commit(policy)
		if policy == strict {
			testkit.WantIs(t, "strictly", err, syscall.ENOTSUP)
			continue
		}
		testkit.Must(t, err)
		if mode, got := grantsOf(t, b.want("new")); mode != 0o600 || got != "" {
			t.Errorf("mode %v, ACL %q", mode, got)
		}
	}
}

func TestAnInheritedACLThatCannotBeRemovedLetsNobodyIn(t *testing.T) {
	for _, refusal := range []error{syscall.EPERM, syscall.EACCES} {
		b := newBench(t)
		inherit := func(temp *Temp) {
			testkit.Must(t, temp.SetAttr(accessACL, aclOf(6, 6, 6, 0, 0)))
			b.disk.FailAll(faultfs.RemoveAttr, refusal)
		}
		if _, err := b.commit(strict, inherit); !errors.Is(err, refusal) {
			t.Errorf("strictly: %v", err)
		}
		b.disk.Reset()
		_, err := b.commit(warn, inherit)
		testkit.Must(t, err)
		if mode, _ := grantsOf(t, b.want("new")); mode != 0o604 {
			t.Errorf("the mode is %v, and its group bits are the mask of that ACL", mode)
		}
	}
}

func TestARefusedRemovalOfAnACLThatIsNotThereIsFine(t *testing.T) {
	for _, policy := range []safety.Policy{strict, warn} {
		b := newBench(t)
		b.disk.FailAll(faultfs.RemoveAttr, syscall.EPERM)
		_, err := b.commit(policy)
		testkit.Must(t, err)
		if mode, _ := grantsOf(t, b.want("new")); mode != 0o664 {
			t.Errorf("level %v: the mode is %v", policy.Level, mode)
		}
	}
}

func TestARefusedChmodIsAMatterOfPolicyUnlessTheModeIsRight(t *testing.T) {
	for _, refusal := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
		for mode, right := range map[fs.FileMode]bool{0o600: true, 0o664: false} {
			for _, policy := range []safety.Policy{strict, warn, bestEffort} {
				b := newBench(t)
				testkit.Must(t, b.old.Chmod(mode))
				b.disk.FailAll(faultfs.Chmod, refusal)
				_, err := b.commit(policy)
				if refused := errors.Is(err, refusal); refused != (policy == strict && !right) || (err != nil) != refused {
					t.Errorf("mode %v, level %v: %v", mode, policy.Level, err)
				}
			}
		}
	}
}

func TestMetadataThatTheFilesystemRefusesStopsOnlyStrict(t *testing.T) {
	for _, verb := range []string{faultfs.Chmod, faultfs.Chown, faultfs.Attrs, faultfs.Attr, faultfs.SetAttr, faultfs.RemoveAttr} {
		for _, refusal := range []error{syscall.EPERM, syscall.EACCES, syscall.ENOTSUP, syscall.ENOSYS, syscall.EIO} {
			for _, policy := range []safety.Policy{strict, warn, bestEffort} {
				b := newBench(t)
				testkit.Must(t, b.old.Chown(12, 34))
				testkit.Must(t, b.old.SetAttr("user.colour", []byte("blue")))
				testkit.Must(t, b.old.SetAttr("security.selinux", []byte("label")))
				_, err := b.commit(policy, func(temp *Temp) {
					testkit.Must(t, temp.SetAttr(accessACL, aclOf(6, 6, 6, 0, 0)))
					b.disk.FailAll(verb, refusal)
				})
				if stops := policy == strict || refusal == syscall.EIO; errors.Is(err, refusal) != stops || (err != nil) != stops {
					t.Errorf("%s, %v, level %v: %v", verb, refusal, policy.Level, err)
				}
			}
		}
	}
}

func TestAnAttributeThatOnlyRootMaySetIsNamedWithTheRemedy(t *testing.T) {
	b := newBench(t)
	testkit.Must(t, b.old.SetAttr("security.NTACL", []byte("v")))
	b.disk.FailAll(faultfs.SetAttr, syscall.EPERM)
	_, err := b.commit(strict)
	if !errors.Is(err, fs.ErrPermission) {
		t.Fatal(err)
	}
	for _, part := range []string{"security.NTACL", "only root", "WithSafety(Warn)"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
}

func TestOnlyAMappingOfEveryIDHidesNone(t *testing.T) {
	for mapping, all := range map[string]bool{
		"         0          0 4294967295\n": true,
		"0 0 1000\n1000 1000 4294966295\n":   true,
		"0 100000 65536\n":                   false,
		"0 1000 1\n":                         false,
		"":                                   false, // not written yet
		"garbled\n":                          false,
	} {
		if mapsAll(mapping) != all {
			t.Errorf("%q", mapping)
		}
	}
}

func TestTheOverflowIDIsUnknownWhereItStandsForOthers(t *testing.T) {
	for _, h := range []hidden{{}, {65534, true}, {99, true}} {
		for _, id := range []uint32{0, 99, 65534} {
			if got := errors.Is(h.unknown(id), fs.ErrPermission); got != (h.any && id == h.overflow) {
				t.Errorf("%+v: %d is unknown: %v", h, id, got)
			}
		}
	}
}
