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

// owners says why the old file's user and group could not be kept. A nil error means that one was kept.
type owners struct{ user, group error }

// setOwner gives the temp file the old file's user and group, as far as possible. An error means that a call
// failed, not that it was refused.
func setOwner(old, now vfs.Info, temp vfs.File) (lost owners, err error) {
	if old.UID == now.UID && old.GID == now.GID && old.UID != defaultOverflow && old.GID != defaultOverflow {
		return lost, nil
	}
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
	// The group is set first: after the user has changed, this process may not change the group any more.
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

// unknownOwners refuses ids that the kernel hides. In a user namespace every id without a mapping shows as the
// overflow id. If the overflow id is mapped itself, a chown to it would succeed and give the file to
// another user.
func unknownOwners(old, now vfs.Info) (lost owners) {
	// The temp file belongs to this process. So an id that it has as well is known. The exception is a process
	// without a mapping for its own id: its files show the overflow id, too. This exception is recognised only
	// if the overflow id is the kernel's default.
	if old.UID != now.UID || old.UID == defaultOverflow {
		lost.user = hiddenUsers().unknown(old.UID)
	}
	if old.GID != now.GID || old.GID == defaultOverflow {
		lost.group = hiddenGroups().unknown(old.GID)
	}
	return lost
}

// defaultOverflow is the overflow id, unless an administrator has changed it.
const defaultOverflow = 65534

// hidden gives the overflow id, if there are ids without a mapping.
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

// A process with more than one thread can't change its user namespace (unshare(2)). So the mapping is read
// once.
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

// mapsAll reports whether a mapping has every id. A line holds the first id inside, the first id outside, and
// the number of ids. There are 2^32-1 ids, since the last value is not an id.
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

// HiddenUser reports whether a user id is the overflow id, which says nothing about the owner of a file.
func HiddenUser(uid uint32) bool { return hiddenUsers().unknown(uid) != nil }
