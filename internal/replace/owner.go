package replace

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

// owners says why the old file's user and group could not be kept; nil for what was.
type owners struct{ user, group error }

// setOwner gives the temp the old file's user and group, or as much of that as is
// possible. The error is of a call that failed rather than being refused.
func setOwner(old, now vfs.Info, temp vfs.File) (lost owners, err error) {
	lost = unknownOwners(old, now)
	if lost == (owners{}) {
		if old.UID == now.UID && old.GID == now.GID {
			return lost, nil
		}
		refused, err := chown(temp, old.UID, old.GID)
		if refused == nil || err != nil {
			return lost, err
		}
		if old.UID == now.UID {
			return owners{group: refused}, nil
		}
		lost.user = refused
	}
	// The group first: who has given a file away may not change its group any more.
	gid := now.GID
	if lost.group == nil && old.GID != now.GID {
		if lost.group, err = chown(temp, now.UID, old.GID); err != nil {
			return lost, err
		}
		if lost.group == nil {
			gid = old.GID
		}
	}
	if lost.user == nil && old.UID != now.UID {
		lost.user, err = chown(temp, old.UID, gid)
	}
	return lost, err
}

// chown tells a refusal from a failure.
func chown(f vfs.File, uid, gid uint32) (refused, err error) {
	err = f.Chown(uid, gid)
	if vfs.OwnerRefused(err) {
		return err, nil
	}
	return nil, err
}

// unknownOwners refuses ids that the kernel does not tell. In a user namespace every
// id without a mapping shows as one id, the overflow id, which may itself be
// mapped: a chown to it would succeed, and give the file to somebody else.
func unknownOwners(old, now vfs.Info) (lost owners) {
	// An id that the temp has too is known, since the temp is this process's own. The
	// exception is a process without a mapping for its own id, whose files show the
	// overflow id as well; it is looked for there only where it is the kernel's default.
	if old.UID != now.UID || old.UID == defaultOverflow {
		lost.user = hiddenUsers().unknown(old.UID)
	}
	if old.GID != now.GID || old.GID == defaultOverflow {
		lost.group = hiddenGroups().unknown(old.GID)
	}
	return lost
}

// defaultOverflow is what the overflow ids are unless an administrator has changed them.
const defaultOverflow = 65534

// hidden says which id stands for those that have no mapping, if there are any.
type hidden struct {
	overflow uint32
	any      bool
}

func (h hidden) unknown(id uint32) error {
	if !h.any || id != h.overflow {
		return nil
	}
	return fmt.Errorf("%w: it shows as %d, which in this user namespace stands for every id without a mapping", fs.ErrPermission, id)
}

// A process does not change its user namespace while it has more than one thread
// (unshare(2)), so one look is enough.
var (
	hiddenUsers  = sync.OnceValue(func() hidden { return hiddenBy("/proc/self/uid_map", "/proc/sys/kernel/overflowuid") })
	hiddenGroups = sync.OnceValue(func() hidden { return hiddenBy("/proc/self/gid_map", "/proc/sys/kernel/overflowgid") })
)

// hiddenBy reads the mapping of a user namespace, see user_namespaces(7). A system
// without user namespaces has no such file, and hides no id.
func hiddenBy(mapping, overflow string) hidden {
	text, err := os.ReadFile(mapping)
	if err != nil || mapsAll(string(text)) {
		return hidden{}
	}
	h := hidden{defaultOverflow, true}
	if text, err := os.ReadFile(overflow); err == nil {
		if id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32); err == nil {
			h.overflow = uint32(id)
		}
	}
	return h
}

// mapsAll reports whether a mapping leaves no id out. Each line is the first id inside,
// the first one outside, and how many; the last of 2^32 ids is none.
func mapsAll(mapping string) bool {
	var ids uint64
	for line := range strings.Lines(mapping) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return false
		}
		n, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			return false
		}
		ids += n
	}
	return ids >= math.MaxUint32
}

// HiddenUser reports whether a user id may stand for any user without a mapping, and so
// says nothing about who owns a file.
func HiddenUser(uid uint32) bool { return hiddenUsers().unknown(uid) != nil }
