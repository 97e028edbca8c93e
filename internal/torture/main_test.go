package torture

import (
	"os"
	"testing"
	"time"
)

// jobVariable is how a test tells a worker process what to do.
const jobVariable = "HOLDFAST_TORTURE_JOB"

func TestMain(m *testing.M) {
	if text, isWorker := os.LookupEnv(jobVariable); isWorker {
		os.Exit(serve(text))
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what should come at once, before it
// takes it for a hang.
const patience = 2 * time.Minute
