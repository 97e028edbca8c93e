package safefile_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// scratch is a directory for an example, and how to take it away.
func scratch() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func ExampleNew() {
	dir, remove := scratch()
	defer remove()

	type Config struct {
		Listen  string `yaml:"listen"`
		Workers int    `yaml:"workers"`
	}
	settings := safefile.New[Config](filepath.Join(dir, "app.yaml"), safefile.WithMode(0o600))
	if err := settings.Write(Config{Listen: ":8080", Workers: 4}); err != nil {
		log.Fatal(err)
	}
	config, err := settings.Read()
	fmt.Println(config.Listen, config.Workers, err)
	// Output: :8080 4 <nil>
}

func ExampleSafeFile_Merge() {
	dir, remove := scratch()
	defer remove()

	// Each of several processes may merge its own keys; none is lost.
	preferences := safefile.New[map[string]string](filepath.Join(dir, "preferences.json"))
	for _, patch := range []map[string]string{{"theme": "light", "font": "mono"}, {"theme": "dark"}} {
		if err := preferences.Merge(patch); err != nil {
			log.Fatal(err)
		}
	}
	text, err := preferences.ReadBytes()
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// {
	//   "font": "mono",
	//   "theme": "dark"
	// }
	// <nil>
}

// Two people edit the same settings in a form. The second one learns of the first one's change.
func ExampleSafeFile_WriteIf() {
	dir, remove := scratch()
	defer remove()

	settings := safefile.New[map[string]int](filepath.Join(dir, "settings.yaml"))
	if err := settings.WriteIf(map[string]int{"workers": 4}, safefile.Version{}); err != nil { // only if there is no file
		log.Fatal(err)
	}
	_, seenByAnn, err := settings.ReadVersion()
	if err != nil {
		log.Fatal(err)
	}
	seenByBob := seenByAnn.String() // in the page that Bob got

	fmt.Println("Ann:", settings.WriteIf(map[string]int{"workers": 8}, seenByAnn))

	seen, err := safefile.ParseVersion(seenByBob)
	if err != nil {
		log.Fatal(err)
	}
	err = settings.WriteIf(map[string]int{"workers": 2}, seen)
	fmt.Println("Bob:", errors.Is(err, errors.ErrChanged))
	v, err := settings.Read()
	fmt.Println(v, err)
	// Output:
	// Ann: <nil>
	// Bob: true
	// map[workers:8] <nil>
}

func ExampleWithBackups() {
	dir, remove := scratch()
	defer remove()

	notes := safefile.New[string](filepath.Join(dir, "notes.txt"), safefile.WithBackups(2))
	for _, text := range []string{"first", "second", "third", "fourth"} {
		if err := notes.Write(text); err != nil {
			log.Fatal(err)
		}
	}
	backups, err := notes.Backups()
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range backups {
		text, err := notes.ReadBackup(b)
		fmt.Println(filepath.Base(b.Path), text, err)
	}
	// Output:
	// notes.txt.~3~ third <nil>
	// notes.txt.~2~ second <nil>
}

func ExampleSafeFile_Restore() {
	dir, remove := scratch()
	defer remove()

	notes := safefile.New[string](filepath.Join(dir, "notes.txt"), safefile.WithBackups(2))
	if err := errors.Join(notes.Write("good"), notes.Write("a mistake")); err != nil {
		log.Fatal(err)
	}
	backups, err := notes.Backups()
	if err != nil {
		log.Fatal(err)
	}
	err = notes.Restore(backups[0])
	text, _ := notes.Read()
	fmt.Println(text, err)

	// The content that Restore has replaced is the newest backup now.
	backups, _ = notes.Backups()
	mistake, err := notes.ReadBackup(backups[0])
	fmt.Println(mistake, err)
	// Output:
	// good <nil>
	// a mistake <nil>
}

func ExampleSafeFile_Append() {
	dir, remove := scratch()
	defer remove()

	journal := safefile.New[string](filepath.Join(dir, "journal.txt"))
	for _, line := range []string{"started\n", "stopped\n"} {
		if err := journal.Append(line); err != nil {
			log.Fatal(err)
		}
	}
	text, err := journal.Read()
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// started
	// stopped
	// <nil>
}

func ExampleSafeFile_ReadOr() {
	dir, remove := scratch()
	defer remove()

	state := safefile.New[map[string]int](filepath.Join(dir, "state.json"))
	v, err := state.ReadOr(map[string]int{"runs": 0})
	fmt.Println(v, err)

	// A damaged file is not taken for a missing one.
	os.WriteFile(state.Path(), []byte(`{"runs": 7`), 0o644)
	_, err = state.ReadOr(map[string]int{"runs": 0})
	fmt.Println(errors.Is(err, errors.ErrDecode))
	// Output:
	// map[runs:0] <nil>
	// true
}

func ExampleWriteFile() {
	dir, remove := scratch()
	defer remove()

	path := filepath.Join(dir, "state", "checkpoint")
	err := safefile.WriteFile(path, []byte("step 12"), safefile.WithParents(0o755), safefile.WithMode(0o600))
	if err != nil {
		log.Fatal(err)
	}
	data, err := safefile.ReadFile(path)
	fmt.Printf("%s %v\n", data, err)
	// Output: step 12 <nil>
}

// An error matches its kind and its cause, and types with details.
func Example_errors() {
	dir, remove := scratch()
	defer remove()

	settings := safefile.New[map[string]int](filepath.Join(dir, "app.json"), safefile.WithTimeout(5*time.Second))
	os.WriteFile(settings.Path(), []byte("{\n  \"workers\": many\n}\n"), 0o644)

	_, err := settings.Read()
	switch {
	case err == nil:
		fmt.Println("fine")
	case errors.Is(err, errors.ErrTimeout):
		fmt.Println("somebody else has been writing for five seconds")
	case errors.Is(err, syscall.ENOSPC):
		fmt.Println("the disk is full; the old content is intact")
	case errors.Is(err, errors.ErrRead):
		fmt.Println("it can't be read")
	}
	var where *errors.DecodeError
	if errors.As(err, &where) {
		fmt.Printf("the %s is damaged in line %d\n", where.Format, where.Line)
	}
	if failed, ok := errors.AsType[*errors.Error](err); ok {
		fmt.Println("while trying to", failed.Op, filepath.Base(failed.Path))
	}
	// Output:
	// it can't be read
	// the json is damaged in line 2
	// while trying to read app.json
}

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

// A program reloads its settings whenever somebody changes them, with an editor for example.
func ExampleSafeFile_Watch() {
	dir, remove := scratch()
	defer remove()
	type Config struct{ Workers int }
	path := filepath.Join(dir, "app.json")
	save := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}

	save(`{"Workers": 4}`)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for config, err := range safefile.New[Config](path).Watch(ctx) {
		switch {
		case err != nil: // the program goes on with the settings that it has
			fmt.Println("broken:", errors.Is(err, errors.ErrDecode))
			save(`{"Workers": 8}`)
		case config.Workers == 4:
			fmt.Println("workers:", config.Workers)
			save(`{"Workers": `)
		default:
			fmt.Println("workers:", config.Workers)
			cancel()
		}
	}
	// Output:
	// workers: 4
	// broken: true
	// workers: 8
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

// A program writes one setting into a file of its user. The other settings keep their defaults, and the
// user's comment stays.
func ExampleWithDefaults() {
	dir, remove := scratch()
	defer remove()

	type Server struct {
		Host string `yaml:"host"`
		Port int    `yaml:"port"`
	}
	type Config struct {
		Theme  string `yaml:"theme"`
		Server Server `yaml:"server"`
	}
	path := filepath.Join(dir, "app.yaml")
	config := safefile.New[Config](path, safefile.WithDefaults(func() Config {
		return Config{"light", Server{"localhost", 8080}}
	}))
	c, err := config.Read() // there is no file yet
	fmt.Println(c, err)

	if err := os.WriteFile(path, []byte("theme: dark # easier on the eyes\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	c, err = config.Read()
	fmt.Println(c, err)

	c.Server.Port = 9090
	if err := config.Write(c); err != nil {
		log.Fatal(err)
	}
	text, err := config.ReadBytes()
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// {light {localhost 8080}} <nil>
	// {dark {localhost 8080}} <nil>
	// theme: dark # easier on the eyes
	// server:
	//   port: 9090
	// <nil>
}
