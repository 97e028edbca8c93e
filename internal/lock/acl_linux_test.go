package lock

import (
	"encoding/binary"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// acl makes the bytes of an ACL: tag, permission bits and id of each entry.
func acl(entries ...[3]uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

// A directory's default ACL gives a new file entries of users and groups.
func TestALockFileThatInheritsAnACLServesItsWritersOnly(t *testing.T) {
	const userObj, user, groupObj, mask, other, none = 1, 2, 4, 0x10, 0x20, ^uint32(0)
	p := spec(t)
	inherited := acl([3]uint32{userObj, 7, none}, [3]uint32{user, 6, 2001}, [3]uint32{user, 4, 2002},
		[3]uint32{groupObj, 4, none}, [3]uint32{mask, 6, none}, [3]uint32{other, 4, none})
	if err := syscall.Setxattr(p.Dir.Path(), "system.posix_acl_default", inherited, 0); err != nil {
		t.Skipf("no ACLs here: %v", err)
	}
	take(t, p)
	got := make([]byte, 200)
	n, err := syscall.Getxattr(p.Path, accessACL, got)
	testkit.Must(t, err)
	want := acl([3]uint32{userObj, 6, none}, [3]uint32{user, 6, 2001}, [3]uint32{user, 0, 2002},
		[3]uint32{groupObj, 0, none}, [3]uint32{mask, 6, none}, [3]uint32{other, 0, none})
	if string(got[:n]) != string(want) {
		t.Errorf("the ACL is\n% x, want\n% x", got[:n], want)
	}
}
