package edit_test

import (
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/toml"
)

func TestElementsAreNotTakenForOthersWhileAnEditIsHalfDone(t *testing.T) {
	// All operations at once fail, since the first element can't lose its table and
	// get keys in one step. After the first of them it is empty, like the second.
	old := "[[l]]\na = 1\n[l.n]\n# of n\n\nh = 1\n[[l]]\n[[l]]\n# of the fourth\n[[l]]\nb = 1\n[[l]]\nc = 1\n"
	was := "[[l]]\na = 1\n[l.n]\nh = 1\n[[l]]\n[[l]]\n[[l]]\nb = 1\n[[l]]\nc = 1\n"
	is := "[[l]]\nx = 1\ny = true\n[[l]]\n[[l]]\n[[l]]\nw = 3\nz = 2\n[[l]]\nu = 2\nv = 3\n"
	want := "[[l]]\nx = 1\ny = true\n# of n\n\n[[l]]\n[[l]]\n# of the fourth\n[[l]]\nw = 3\nz = 2\n[[l]]\nu = 2\nv = 3\n"
	for _, f := range []edit.Format{toml.Grammar, struct{ edit.Format }{toml.Grammar}} {
		got, report, err := edit.Edit(f, []byte(old), []byte(was), []byte(is), edit.Options{})
		if err != nil || string(got) != want {
			t.Errorf("%v, %v, got:\n%s", report, err, got)
		}
	}
}
