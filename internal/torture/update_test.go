package torture

import (
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func init() { workloads["update"] = updating{merge{"update", "updated.json"}} }

// updating is merge by a transaction of the caller's own.
type updating struct{ merge }

func (u updating) open(dir string, opts ...safefile.Option) func(id string) error {
	f := lockedfile.New[map[string]string](u.path(dir), opts...)
	return func(id string) error {
		return f.Update(func(v *map[string]string) error {
			(*v)[id] = padding(id, 40)
			return nil
		})
	}
}

// A change that shared its commit with others is as durable as one that had it alone.
func TestPowerCutsLoseNoUpdate(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		for _, crew := range []struct{ processes, each int }{{1, 1}, {1, 32}, {4, 4}} {
			t.Run(fmt.Sprintf("%s/%d processes of %d", kind, crew.processes, crew.each), func(t *testing.T) {
				c := newCutting(t, kind, []string{"update"})
				c.processes, c.each = crew.processes, crew.each
				if err := c.run(t, effort.Of(2, 5, 200)); err != nil {
					t.Error(err)
				}
				t.Log(c)
			})
		}
	}
}
