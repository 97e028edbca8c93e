package codectest_test

import (
	"encoding/csv"
	"io"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/codec/codectest"
)

// table is the codec under test.
var table = codec.Pair(
	func(r io.Reader) ([][]string, error) { return csv.NewReader(r).ReadAll() },
	func(w io.Writer, rows [][]string) error { return csv.NewWriter(w).WriteAll(rows) })

// In your own package, name this function TestTable and keep it in a file of tests.
func testTable(t *testing.T) {
	codectest.Run(t, table,
		[][]string{{"name", "age"}, {"Ada", "36"}},
		[][]string{{"a field with \"quotes\"", "a field, with a comma"}})
}

// A test calls Run with the codec and some values of the type that the codec is for.
func ExampleRun() { _ = testTable }
