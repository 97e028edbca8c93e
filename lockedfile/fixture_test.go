package lockedfile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/disk"
	"github.com/holdfast-go/holdfast/internal/engine"
	"github.com/holdfast-go/holdfast/internal/handle"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/internal/vfs"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// counters is what most tests keep.
type counters map[string]int

var errOwn = errors.New("the function's own error")

// another is an option for handles that know nothing of the process's others,
// as if they were another process.
func another() safefile.Option { return on(vfs.OS) }

// on puts a filesystem below a handle.
func on(fsys vfs.FS) safefile.Option {
	e := engine.New(disk.New(fsys))
	return handle.OptionFunc(func(o *handle.Options) { o.Engine = e })
}

// roles are what the test binary does as another process.
var roles = testkit.Roles{}

func TestMain(m *testing.M) { testkit.Main(m, roles) }

func start(t *testing.T, role string, args ...string) *testkit.Process {
	t.Helper()
	return testkit.Start(t, testkit.Self(t, role, args...))
}

// occupied is a file whose lock another process holds until it is killed or
// goes on.
func occupied(t *testing.T, path string) *testkit.Process {
	t.Helper()
	p := start(t, "hold", path)
	p.Expect("held")
	return p
}

func init() {
	roles["hold"] = func(args []string) {
		f := lockedfile.New[counters](args[0])
		err := f.Locked(func(*lockedfile.Tx[counters]) error {
			testkit.Say("held")
			<-testkit.Told()
			return nil
		})
		if errors.Is(err, errors.ErrLockLost) {
			testkit.Say("lost")
			return
		}
		testkit.Check(err)
		testkit.Say("released")
	}
}

// waiting counts this process's goroutines that wait for the lock of another process.
func waiting() int {
	buf := make([]byte, 1<<24)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "internal/lock.Spec.waitOnThread(")
}

func untilWaiting(t testing.TB) {
	t.Helper()
	testkit.Until(t, "a call waits for the lock of another process", func() bool { return waiting() > 0 })
}

// sum is a SHA-256 in hex.
func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}
