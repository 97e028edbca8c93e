package torture

import (
	"os"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"worker": func(args []string) { os.Exit(serve(args[0])) }})
}

// patience is how long a test waits for what should come at once, before it
// takes it for a hang.
const patience = 2 * time.Minute
