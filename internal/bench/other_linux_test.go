package bench

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Roles{"other": func([]string) { testkit.Check(obey()) }})
}

// obey takes one lock after the other, in the way and at the path that it is
// told, and tells when it had each.
func obey() error {
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		name, path, _ := strings.Cut(orders.Text(), " ")
		for _, w := range ways {
			if w.name != name {
				continue
			}
			var got int64
			if err := w.do(path, func() { testkit.Say("waits") }, func() { got = monotonic() }); err != nil {
				return err
			}
			testkit.Say(fmt.Sprint(got))
		}
	}
	return orders.Err()
}
