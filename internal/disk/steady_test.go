package disk

import (
	"os"
	"testing"

	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/internal/vfs/faultfs"
)

// If a program writes in place between the stat and the read of a file, its bytes must not count as the
// content of the version before.
func TestWhatIsRewrittenWhileItIsReadIsReadAgain(t *testing.T) {
	for _, now := range []string{"", "cut", "another content, longer than before"} {
		disk := faultfs.Wrap(vfs.OS)
		p := at(t)
		testkit.Put(t, p.Path, "the old content")
		s := session(t, New(disk), p)
		written := false
		disk.Before(func(op faultfs.Op) error {
			if op.Verb != faultfs.Read || written {
				return nil
			}
			written = true
			return os.WriteFile(p.Path, []byte(now), 0o644)
		})
		c, err := s.Load(ctx, store.ReadOptions{})
		if err != nil || string(c.Data) != now {
			t.Errorf("%q was read, %v; want %q", c.Data, err, now)
		}
		disk.Reset()
		again, err := s.Load(ctx, store.ReadOptions{})
		if err != nil || again.Version != c.Version {
			t.Errorf("%q: the version is not that of the content: %v, %v, %v", now, c.Version, again.Version, err)
		}
	}
}
