package bench

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"golang.org/x/sys/unix"
)

// bareWrite keeps a handle's promises with system calls alone, as a careful C
// program would for a file that exists, beside its lock, with no extended
// attribute and the writer's owner. It is the floor: what a durable, exclusive
// replace costs without a library. Anything unusual is just an error here.
func bareWrite(dir, name string, data []byte) (err error) {
	d, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(d)
	l, err := unix.Openat(d, name+".lock", unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	if err := unix.Flock(l, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	defer unix.Flock(l, unix.LOCK_UN)
	var locked unix.Stat_t
	if err := unix.Fstat(l, &locked); err != nil {
		return err
	}
	if err := bareSame(d, name+".lock", &locked); err != nil {
		return err
	}
	return bareReplace(d, name, data, func() error { return bareSame(d, name+".lock", &locked) })
}

func bareReplace(d int, name string, data []byte, guard func() error) error {
	var target unix.Statx_t
	if err := unix.Statx(d, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &target); err != nil {
		return err
	}
	old, err := unix.Openat(d, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(old)
	if target.Size == uint64(len(data)) {
		was := make([]byte, len(data))
		if n, err := unix.Pread(old, was, 0); err != nil || bytes.Equal(was[:n], data) {
			return errors.Join(err, errors.New("the content did not change"))
		}
	}
	var attrs [256]byte
	if n, err := unix.Flistxattr(old, attrs[:]); err != nil || n > 0 {
		return errors.Join(err, errors.New("the file has extended attributes"))
	}
	temp, err := bareTemp(d, data, uint32(target.Mode)&0o7777)
	if err != nil {
		return err
	}
	if err := guard(); err != nil {
		return err
	}
	if err := unix.Renameat(d, temp, d, name); err != nil {
		return err
	}
	return unix.Fsync(d)
}

// bareTemp makes a durable file under a name that can't be guessed.
func bareTemp(d int, data []byte, mode uint32) (name string, err error) {
	var random [8]byte
	rand.Read(random[:])
	name = "." + hex.EncodeToString(random[:]) + ".tmp"
	f, err := unix.Openat(d, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return "", err
	}
	defer unix.Close(f)
	if _, err := unix.Write(f, data); err != nil {
		return "", err
	}
	if err := unix.Fchmod(f, mode); err != nil {
		return "", err
	}
	return name, unix.Fsync(f)
}

// bareSame checks that a name still means the file that was locked.
func bareSame(d int, name string, locked *unix.Stat_t) error {
	var there unix.Statx_t
	if err := unix.Statx(d, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &there); err != nil {
		return err
	}
	if there.Ino != locked.Ino || unix.Mkdev(there.Dev_major, there.Dev_minor) != locked.Dev {
		return errors.New("the lock was replaced")
	}
	return nil
}
