package registry_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/holdfast-go/holdfast/registry"
)

// A format of one's own: every handle of a .csv file can hold a [][]string now.
func ExampleRegisterPair() {
	registry.RegisterPair(".csv",
		func(r io.Reader) ([][]string, error) { return csv.NewReader(r).ReadAll() },
		func(w io.Writer, rows [][]string) error { return csv.NewWriter(w).WriteAll(rows) })

	c, _ := registry.Lookup("people.csv")
	var rows [][]string
	fmt.Println(c.Load(strings.NewReader("name,age\nAda,36\n"), &rows), rows)
	fmt.Println(c.Dump(os.Stdout, append(rows, []string{"Grace", "85"})))
	// Output:
	// <nil> [[name age] [Ada 36]]
	// name,age
	// Ada,36
	// Grace,85
	// <nil>
}
