package lockedfile_test

import (
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
)

// A holder that was killed has left its record and its temps.
func TestWhatADeadHolderLeftIsStaleAndCanBeCleared(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("where nothing is: %v, %v", released, err)
	}
	holder := start(t, "hold a draft", path)
	holder.Expect("held")
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("while the holder lives: %v, %v", released, err)
	}
	pid := holder.Cmd.Process.Pid
	holder.Kill()
	if info := inspect(t, path); info.Held || !info.Stale || info.PID != pid {
		t.Errorf("after its death: %+v", info)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".holdfast-*")); len(left) != 1 {
		t.Fatalf("the dead holder left %q", left)
	}
	if released, err := lockedfile.ReleaseStale(path); !released || err != nil {
		t.Errorf("ReleaseStale: %v, %v", released, err)
	}
	testkit.WantNone(t, dir, ".holdfast-*")
	if info := inspect(t, path); info.Stale || info.Held {
		t.Errorf("afterwards: %+v", info)
	}
	if released, err := lockedfile.ReleaseStale(path); released || err != nil {
		t.Errorf("once more: %v, %v", released, err)
	}
}

func init() {
	roles["hold a draft"] = func(args []string) {
		w, err := lockedfile.New[counters](args[0]).Create()
		testkit.Check(err)
		_, err = w.Write([]byte("a part"))
		testkit.Check(err)
		testkit.Say("held")
		<-testkit.Told()
	}
}

// The next holder clears up too, without being asked.
func TestADeadHolderIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	holder := start(t, "hold a draft", path)
	holder.Expect("held")
	result := make(chan error)
	go func() { result <- lockedfile.New[counters](path).Write(counters{"a": 1}) }()
	testkit.Until(t, "the write waits", func() bool { return waiting("lock.Place.sleep") > 0 })
	holder.Kill()
	testkit.Must(t, <-result)
	testkit.WantNone(t, filepath.Dir(path), ".holdfast-*")
}
