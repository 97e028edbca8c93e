package edittest

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// CheckComparison fails if the operations that come of a format's comparison of two
// texts are others than those of the whole texts. It counts what of the old text was
// left out of the comparison. If the new text can't be read, the comparison need not
// notice that, since the proof does, but it must come back.
func CheckComparison(t *testing.T, f edit.Comparer, was, is string) (leftOut int) {
	t.Helper()
	x, err := f.Parse([]byte(was))
	testkit.Must(t, err)
	a, b, compareErr := f.Compare([]byte(was), []byte(is))
	y, err := f.Parse([]byte(is))
	if err != nil {
		return 0
	}
	if compareErr != nil {
		t.Fatalf("%v\n%s\n%s", compareErr, was, is)
	}
	old, err := x.Effective()
	testkit.Must(t, err)
	new, err := y.Effective()
	testkit.Must(t, err)
	got, want := edit.Diff(a, b), edit.Diff(old, new)
	if len(got) != len(want) {
		t.Fatalf("%d operations, want %d\n%s\n%s", len(got), len(want), was, is)
	}
	for i := range got {
		if got[i].Kind != want[i].Kind || len(got[i].Path) != len(want[i].Path) || got[i].Value != nil && !edit.Same(got[i].Value, want[i].Value) {
			t.Errorf("operation %d is %v, want %v\n%s\n%s", i, got[i].Kind, want[i].Kind, was, is)
		}
	}
	return countLeftOut(a)
}

func countLeftOut(n *edit.Node) (count int) {
	if n.Type == edit.TypeSame {
		return 1
	}
	for _, e := range n.Entries {
		count += countLeftOut(e.Value)
	}
	return count
}
