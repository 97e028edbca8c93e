package replace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// A temp is called .holdfast-OWNER-RANDOM.tmp. The owner is a hash, so that
// the name of a temp stays short however long its target's is, and says which
// target it belongs to and under which lock it was made, so that a sweep
// takes away just what the lock it holds covers. The random part can't be
// guessed, so nobody can lie in wait under the name.
const (
	namePrefix  = ".holdfast-"
	nameSuffix  = ".tmp"
	copySuffix  = ".copy"
	asideSuffix = ".aside"
	ownerBytes  = 16
	randBytes   = 8
)

// Owner says whose a temp is.
type Owner string

// NoOwner marks the temps of writers that take no lock. Nobody can know
// whether such a writer is still alive, so they are never swept.
const NoOwner Owner = "nolock"

// OwnerOf names the temps of a target that are made under a lock. The lock
// is told apart by where it lies: empty for beside the target.
func OwnerOf(target, lockPlace string) Owner {
	sum := sha256.Sum256([]byte(lockPlace + "\x00" + target))
	var text [2 * ownerBytes]byte
	hex.Encode(text[:], sum[:ownerBytes])
	return Owner(text[:])
}

// NewName is a name for a temp of the owner that nobody else has.
func NewName(o Owner) string {
	var random [randBytes]byte
	rand.Read(random[:]) // never fails: it ends the program instead
	name := make([]byte, 0, len(namePrefix)+2*ownerBytes+1+2*randBytes+len(nameSuffix))
	name = append(append(append(name, namePrefix...), o...), '-')
	return string(append(hex.AppendEncode(name, random[:]), nameSuffix...))
}

// CopyName is where the old content of a target that can't be replaced is kept
// while it is rewritten: .holdfast-OWNER-INODE.copy. It is the same under every
// lock, so that every reader finds it, and bound to the inode, so that it is
// never taken for the content of another file that is mounted there later. No
// sweep takes it away.
func CopyName(target string, ino uint64) string {
	return namePrefix + string(OwnerOf(target, "")) + "-" + strconv.FormatUint(ino, 16) + copySuffix
}

// AsideName is a name that nobody else has, for a copy that is not put back. No
// sweep takes it away.
func AsideName(copyName string) string {
	var random [randBytes]byte
	rand.Read(random[:]) // never fails: it ends the program instead
	return copyName + "-" + hex.EncodeToString(random[:]) + asideSuffix
}

// ParseName tells whose temp a directory entry is; false if it is none.
func ParseName(name string) (Owner, bool) {
	rest, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, nameSuffix)
	if !ok {
		return "", false
	}
	owner, random, ok := strings.Cut(rest, "-")
	if !ok || !isHex(random, randBytes) || (Owner(owner) != NoOwner && !isHex(owner, ownerBytes)) {
		return "", false
	}
	return Owner(owner), true
}

// isHex reports whether s is n bytes in lower-case hex, as newName writes them.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && hex.EncodeToString(b) == s
}
