package safefile_test

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// A large content is written as a stream. Readers see the old content until Commit.
func ExampleSafeFile_Create() {
	dir, remove := scratch()
	defer remove()

	report := safefile.New[string](filepath.Join(dir, "report.txt"))
	if err := report.Write("old\n"); err != nil {
		log.Fatal(err)
	}
	w, err := report.Create()
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close() // throws the new content away unless it was committed
	if _, err := io.Copy(w, strings.NewReader("new\n")); err != nil {
		log.Fatal(err)
	}
	before, err := report.Read()
	fmt.Printf("before: %q %v\n", before, err)
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}
	after, err := report.Read()
	fmt.Printf("after: %q %v\n", after, err)
	// Output:
	// before: "old\n" <nil>
	// after: "new\n" <nil>
}

// A Reader stays with the version that it opened.
func ExampleSafeFile_Open() {
	dir, remove := scratch()
	defer remove()

	report := safefile.New[string](filepath.Join(dir, "report.txt"))
	if err := report.Write("first version\n"); err != nil {
		log.Fatal(err)
	}
	r, err := report.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if err := report.Write("second version\n"); err != nil {
		log.Fatal(err)
	}
	_, err = io.Copy(os.Stdout, r)
	fmt.Println(err)
	// Output:
	// first version
	// <nil>
}

func ExampleMove() {
	dir, remove := scratch()
	defer remove()

	draft, page := filepath.Join(dir, "draft.txt"), filepath.Join(dir, "page.txt")
	if err := safefile.WriteFile(draft, []byte("hello\n")); err != nil {
		log.Fatal(err)
	}
	if err := safefile.Move(draft, page); err != nil { // replaces page.txt if there is one
		log.Fatal(err)
	}
	text, err := safefile.ReadFile(page)
	fmt.Printf("%q %v\n", text, err)
	_, err = os.Stat(draft)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// "hello\n" <nil>
	// true
}

func ExampleSafeFile_Remove() {
	dir, remove := scratch()
	defer remove()

	session := safefile.New[string](filepath.Join(dir, "session.txt"))
	if err := session.Write("token"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Remove())
	fmt.Println(errors.Is(session.Remove(), fs.ErrNotExist))
	// Output:
	// <nil>
	// true
}

// With Warn a write goes on where a guarantee can't be kept, for instance on a network
// filesystem, and the logger is told why.
func ExampleWithSafety() {
	dir, remove := scratch()
	defer remove()

	state := safefile.New[map[string]int](filepath.Join(dir, "state.json"),
		safefile.WithSafety(safefile.Warn), safefile.WithLogger(slog.Default()))
	fmt.Println(state.Write(map[string]int{"runs": 1}))
	fmt.Println(safefile.Strict, safefile.Warn, safefile.BestEffort)
	// Output:
	// <nil>
	// Strict Warn BestEffort
}
