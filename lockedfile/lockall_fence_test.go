package lockedfile_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// A ForceRelease that is killed right after it has put its lock file there has not taken the draft of the journal away. The next
// holder must.
func TestALockAllThatHasLostALockToAKilledForceReleaseCommitsNothing(t *testing.T) {
	for i := range 3 {
		paths := twoDirs(t)
		disk := faultfs.Wrap(vfs.OS)
		disk.Before(func(op faultfs.Op) error {
			if op.Verb != faultfs.Rename || !strings.HasSuffix(op.Path, ".journal") {
				return nil
			}
			disk.Before(nil)
			lock := paths[i] + ".lock"
			record, err := os.ReadFile(lock) // that of the LockAll stands for that of the ForceRelease
			testkit.Must(t, err)
			testkit.Put(t, lock+".new", string(record))
			testkit.Must(t, os.Rename(lock+".new", lock))
			return lockedfile.New[string](paths[i]).WriteBytes([]byte("later"))
		})
		err := writeAll(paths, "new", on(disk))
		testkit.WantIs(t, "the LockAll", err, errors.ErrLockLost)
		for j, path := range paths {
			want := "old"
			if j == i {
				want = "later"
			}
			testkit.WantContent(t, path, want)
		}
	}
}

// The process that wrote the journal may have been killed before the journal's name was durable.
func TestARecoveryMakesTheJournalDurableBeforeItFollowsIt(t *testing.T) {
	for i := range 3 {
		paths := twoDirs(t)
		cutOff(t, paths)
		disk := faultfs.Wrap(vfs.OS)
		synced, renamed := false, false
		disk.Before(func(op faultfs.Op) error {
			switch {
			case op.Verb == faultfs.SyncDir && filepath.Base(op.Path) == "one":
				synced = true
			case op.Verb == faultfs.Rename && strings.HasSuffix(op.Path, ".txt"):
				if renamed = true; !synced {
					t.Errorf("%s was renamed before the directory of the journal was synced", op.Path)
				}
			}
			return nil
		})
		testkit.WantNil(t, "Recover", lockedfile.Recover(context.Background(), paths[i:i+1], on(disk)))
		if !renamed {
			t.Error("Recover has renamed nothing")
		}
		wantAll(t, paths, "new")
	}
}
