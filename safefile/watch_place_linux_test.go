package safefile_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/testkit/disktest"
	"github.com/holdfast-go/holdfast/internal/testkit/saves"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestAWatchSeesChangesOnEveryKindOfPlace(t *testing.T) {
	type place struct {
		path   string                    // of the file that is watched
		change func(t *testing.T, n int) // gives it the content n
	}
	at := func(dir string) place {
		path := filepath.Join(dir, "f.json")
		testkit.Put(t, path, text(1))
		return place{path: path, change: func(t *testing.T, n int) {
			if n%2 == 0 {
				replaced(t, path, text(n))
			} else {
				testkit.Put(t, path, text(n))
			}
		}}
	}
	for name, make := range map[string]func(t *testing.T) place{
		"tmpfs":                     func(t *testing.T) place { return at(disktest.Tmpfs(t)) },
		"ext4":                      func(t *testing.T) place { return at(disktest.New(t, "ext4").Dir()) },
		"upper layer of an overlay": func(t *testing.T) place { return at(disktest.Overlay(t, disktest.New(t, "ext4").Dir())) },
		"FUSE":                      func(t *testing.T) place { return at(disktest.FUSE(t, t.TempDir())) },
		"FUSE that is changed below": func(t *testing.T) place {
			below := t.TempDir()
			p := at(below)
			p.path = filepath.Join(disktest.FUSE(t, below), "f.json")
			return p
		},
		"lower layer of an overlay": func(t *testing.T) place {
			base := disktest.New(t, "ext4").Dir()
			testkit.Must(t, os.Mkdir(filepath.Join(base, "lower"), 0o755))
			testkit.Put(t, filepath.Join(base, "lower", "f.json"), text(1))
			return at(disktest.Overlay(t, base))
		},
		"a file that is mounted": func(t *testing.T) place {
			source, target := testkit.File(t, "source.json", text(1)), filepath.Join(t.TempDir(), "f.json")
			disktest.Bind(t, source, target)
			return place{path: target, change: func(t *testing.T, n int) {
				if n == 4 { // in place too, and a copy of the old content stands for the file meanwhile
					testkit.Must(t, safefile.New[numbered](target, safefile.WithSafety(safefile.BestEffort)).Write(numbered{n}))
					return
				}
				testkit.Put(t, []string{source, target}[n%2], text(n))
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting where the kernel tells of no changes
			p := make(t)
			w := watch(t, safefile.New[numbered](p.path))
			w.want(1)
			for n := 2; n <= 4; n++ {
				p.change(t, n)
				w.want(n, errors.ErrDecode) // a busy machine may hold up a writer in place
			}
		})
	}
}

func TestAThousandWatchesOfOneFileAllSeeAChange(t *testing.T) {
	path := filepath.Join(testkit.Memory(t), "f.json")
	testkit.Put(t, path, text(1))
	files := slices.Repeat([]string{path}, 1000)
	wantAllSee(t, files, func(n int) {
		replaced(t, path, text(n))
	})
}

func TestAThousandFilesOfOneDirectoryAreWatchedByOneInotifyWatch(t *testing.T) {
	dir := testkit.Memory(t)
	var files []string
	for i := range 1000 {
		files = append(files, filepath.Join(dir, fmt.Sprintf("%d.json", i)))
		testkit.Put(t, files[i], text(1))
	}
	wantAllSee(t, files, func(n int) {
		for _, path := range files {
			replaced(t, path, text(n))
		}
	})
}

// wantAllSee watches files, changes them, and wants every watch to see that.
func wantAllSee(t *testing.T, files []string, change func(n int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var at [6]atomic.Int64 // how many have yielded each value
	for _, path := range files {
		f := safefile.New[numbered](path)
		all.Go(func() {
			for v, err := range f.Watch(ctx) {
				if err != nil {
					t.Error(err)
					return
				}
				at[v.N].Add(1)
			}
		})
	}
	for n := 1; n < len(at); n++ {
		if n > 1 {
			change(n)
		}
		testkit.Until(t, fmt.Sprintf("all have seen %d", n), func() bool { return at[n].Load() == int64(len(files)) })
	}
	if n := inotifyWatches(t); n > strings.Count(files[0], "/") {
		t.Errorf("%d inotify watches for one directory", n)
	}
	before := cpuTime(t)
	change(0)
	testkit.Until(t, "all have seen the last change", func() bool { return at[0].Load() == int64(len(files)) })
	t.Logf("%v of CPU time for a change that %d watches see", cpuTime(t)-before, len(files))
	cancel()
	all.Wait()
}

func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	testkit.Must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestWithoutInotifyAWatchLooksOnceASecond(t *testing.T) {
	for _, way := range saves.Ways() {
		t.Run(way.Name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				disk := faultfs.Wrap(vfs.OS)
				disk.FailAll(faultfs.Notifier, errors.ErrUnsupported)
				var log testkit.Log
				path := way.Place(t, dir, text(1))
				w := watch(t, safefile.New[numbered](path, over(disk), safefile.WithLogger(log.Logger())))
				for n := 2; n <= 4; n++ {
					synctest.Wait()
					began := time.Now()
					way.Save(t, path, text(n))
					if y := w.want(n, fs.ErrNotExist); y.at.Sub(began) > 2*time.Second {
						t.Errorf("seen after %v", y.at.Sub(began))
					}
				}
				if records := log.Records(); len(records) > 0 {
					t.Errorf("logged %q", records)
				}
				w.stop()
			})
		})
	}
}

func TestWhereInotifyRunsOutAWatchLooksOnceASecondUntilThereIsRoom(t *testing.T) {
	for verb, refusal := range map[string]error{faultfs.Notifier: syscall.EMFILE, faultfs.Watch: syscall.ENOSPC} {
		t.Run(verb, func(t *testing.T) {
			disk := faultfs.Wrap(vfs.OS)
			disk.FailAll(verb, refusal)
			var log testkit.Log
			path := testkit.File(t, "f.json", text(1))
			w := watch(t, safefile.New[numbered](path, over(disk), safefile.WithLogger(log.Logger())))
			w.want(1)
			for n := 2; n <= 3; n++ {
				replaced(t, path, text(n))
				w.want(n)
			}
			if records := log.Records(); len(records) != 1 || !strings.Contains(records[0], "fs.inotify.max_user_watches") {
				t.Errorf("logged %q", records)
			}
			disk.Reset()
			testkit.Until(t, "it watches", func() bool { return inotifyWatches(t) > 3 })
		})
	}
}

func TestAUserWithoutInotifyWatchesStillWatches(t *testing.T) {
	needNamespaces(t)
	for _, limit := range []string{"max_inotify_instances", "max_inotify_watches"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			path := filepath.Join(testkit.Shared(t, 0o777), "f.json")
			testkit.Put(t, path, text(1))
			ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: firstMapped, Size: 1 << 16}}
			p := testkit.Start(t, testkit.With(t, testkit.Self(t, "watch", path, "/proc/sys/user/"+limit+"=0"), &syscall.SysProcAttr{
				Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{}}))
			if record := p.Expect("time="); !strings.Contains(record, "inotify") {
				t.Errorf("logged %q", record)
			}
			for n := 1; n <= 3; n++ {
				if n > 1 {
					replaced(t, path, text(n))
				}
				p.Expect(fmt.Sprintf("value %d", n))
			}
		})
	}
}

func TestAWatchSeesThatAnotherUserReplacesTheFileOrClosesIt(t *testing.T) {
	testkit.NeedRoot(t)
	dir := testkit.Shared(t, 0o755)
	path := filepath.Join(dir, "f.json")
	testkit.Put(t, path, text(1))
	p := testkit.Start(t, testkit.As(t, testkit.Self(t, "watch", path), 1234, 1234))
	p.Expect("value 1")
	replaced(t, path, text(2))
	p.Expect("value 2")
	testkit.Must(t, os.Chmod(path, 0o600))
	p.Expect("permission denied")
	testkit.Must(t, os.Chmod(path, 0o644))
	p.Expect("value 2")
	testkit.Must(t, os.Chmod(dir, 0o700))
	p.Expect("permission denied")
	testkit.Must(t, os.Chmod(dir, 0o711)) // can't be listed, so inotify refuses
	p.Expect("value 2")
	replaced(t, path, text(3))
	p.Expect("value 3")
}
