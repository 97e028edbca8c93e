package replace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// The name of a temp file is .holdfast-OWNER-RANDOM.tmp. OWNER is a hash of the target's name and of its lock's
// path. So the name is short for every target, and a sweep removes only the temp files that its own
// lock covers. RANDOM is unpredictable, so no other program can create the name first.
const (
	namePrefix  = ".holdfast-"
	nameSuffix  = ".tmp"
	copySuffix  = ".copy"
	asideSuffix = ".aside"
	ownerBytes  = 16
	randBytes   = 8
)

// Owner identifies the target of a temp file and the lock under which it was made.
type Owner string

// NoOwner marks the temp files of writers that take no lock. They are never swept, since no process can know
// whether such a writer is still alive.
const NoOwner Owner = "nolock"

// OwnerOf gives the owner of a target's temp files. lockPath is the path of the lock; empty means beside the
// target.
func OwnerOf(target, lockPath string) Owner {
	sum := sha256.Sum256([]byte(lockPath + "\x00" + target))
	var text [2 * ownerBytes]byte
	hex.Encode(text[:], sum[:ownerBytes])
	return Owner(text[:])
}

// NewName gives a new name for a temp file of the owner.
func NewName(o Owner) string {
	var random [randBytes]byte
	rand.Read(random[:]) // never fails: it ends the program instead
	name := make([]byte, 0, len(namePrefix)+2*ownerBytes+1+2*randBytes+len(nameSuffix))
	name = append(append(append(name, namePrefix...), o...), '-')
	return string(append(hex.AppendEncode(name, random[:]), nameSuffix...))
}

// CopyName gives the name of the copy of a target's old content while the target is rewritten in place:
// .holdfast-OWNER-INODE.copy. The name does not depend on the lock, so that every reader finds the copy. It holds
// the inode, so that the copy is not used for another file that is mounted there later. No sweep
// removes it.
func CopyName(target string, ino uint64) string {
	return namePrefix + string(OwnerOf(target, "")) + "-" + strconv.FormatUint(ino, 16) + copySuffix
}

// AsideName gives a new name for a copy that is not put back. No sweep removes it.
func AsideName(copyName string) string {
	return copyName + "-" + NewID() + asideSuffix
}

// ParseName gives the owner in the name of a temp file. It returns false for another name.
func ParseName(name string) (Owner, bool) {
	owner, _, ok := parseName(name, nameSuffix)
	return owner, ok
}

func parseName(name, suffix string) (_ Owner, random string, ok bool) {
	rest, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return "", "", false
	}
	rest, ok = strings.CutSuffix(rest, suffix)
	if !ok {
		return "", "", false
	}
	owner, random, ok := strings.Cut(rest, "-")
	if !ok || !isHex(random, randBytes) || (Owner(owner) != NoOwner && !isHex(owner, ownerBytes)) {
		return "", "", false
	}
	return Owner(owner), random, true
}

// The files with which several files are changed together are named like temp files, but with another suffix.
// OWNER is that of the first of the changed files in the directory, and RANDOM is the same in all names of one change.
const (
	JournalSuffix = ".journal" // the journal of a change that is committed
	DraftSuffix   = ".draft"   // the journal before that
	PointerSuffix = ".pointer" // leads to the journal from another directory
	RemovedSuffix = ".removed" // the old content of a file that is removed; RANDOM is its own
)

// JournalName gives the name of such a file without its suffix. id is that of NewID.
func JournalName(o Owner, id string) string { return namePrefix + string(o) + "-" + id }

// NewID gives a new RANDOM.
func NewID() string {
	var random [randBytes]byte
	rand.Read(random[:]) // never fails: it ends the program instead
	return hex.EncodeToString(random[:])
}

// ParseJournal gives the id in the name of such a file. It returns false for another name.
func ParseJournal(name, suffix string) (id string, ok bool) {
	_, id, ok = parseName(name, suffix)
	return id, ok
}

// ParseLeftover is ParseName for everything that a killed writer may leave and that no journal needs any more.
func ParseLeftover(name string) (Owner, bool) {
	for _, suffix := range []string{nameSuffix, DraftSuffix, PointerSuffix, RemovedSuffix} {
		if owner, _, ok := parseName(name, suffix); ok {
			return owner, true
		}
	}
	return "", false
}

// isHex reports whether s is n bytes in lower-case hex, as newName writes them.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && hex.EncodeToString(b) == s
}
