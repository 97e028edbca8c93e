package lockedfile_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestTheVersionInATransactionIsOfWhatIsStaged(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "f.yaml")
	f := lockedfile.NewContext[counters](path, safefile.WithTimeout(0))
	testkit.Put(t, path, "a: 1 # one\n")
	_, outside, err := f.ReadVersion(ctx)
	testkit.Must(t, err)
	var inside safefile.Version
	testkit.Must(t, f.Locked(ctx, func(ctx context.Context, tx *lockedfile.Tx[counters]) error {
		if _, seen, err := f.ReadVersion(ctx); seen != outside || err != nil {
			t.Errorf("before anything was staged: %v, %v, want %v", seen, err, outside)
		}
		testkit.Must(t, tx.WriteIf(counters{"a": 2}, outside))
		testkit.WantIs(t, "an old version", f.WriteIf(ctx, counters{"a": 3}, outside), errors.ErrChanged)
		testkit.WantIs(t, "the zero version", tx.WriteIf(counters{"a": 3}, safefile.Version{}), errors.ErrChanged)
		v, seen, err := tx.ReadVersion()
		if v["a"] != 2 || err != nil {
			t.Errorf("it reads %v, %v", v, err)
		}
		testkit.Must(t, f.WriteIf(ctx, counters{"a": 4}, seen))
		_, inside, err = f.ReadVersion(ctx)
		return err
	}))
	testkit.WantContent(t, path, "a: 4 # one\n")
	if _, now, err := f.ReadVersion(ctx); now != inside || err != nil {
		t.Errorf("the version is %v, %v; inside it was %v", now, err, inside)
	}
}

func TestARefusedWriteIfInATransactionStagesNothing(t *testing.T) {
	f := lockedfile.New[counters](filepath.Join(t.TempDir(), "f.json"))
	testkit.Must(t, f.Write(counters{"a": 1}))
	testkit.Must(t, f.Locked(func(tx *lockedfile.Tx[counters]) error {
		testkit.Must(t, tx.Merge(counters{"b": 2}))
		testkit.WantIs(t, "it", tx.WriteIf(counters{"c": 3}, safefile.Version{}), errors.ErrChanged)
		testkit.Must(t, tx.Remove())
		return tx.WriteIf(counters{"d": 4}, safefile.Version{}) // now there is no file
	}))
	if v, seen, err := f.ReadVersion(); len(v) != 1 || v["d"] != 4 || seen == (safefile.Version{}) || err != nil {
		t.Errorf("%v, %v, %v", v, seen, err)
	}
	testkit.WantIs(t, "it", f.WriteIf(counters{"e": 5}, safefile.Version{}), errors.ErrChanged)
}
