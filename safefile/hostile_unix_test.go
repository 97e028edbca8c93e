package safefile_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// aliasBomb is a YAML text of a few hundred bytes that stands for 10^levels values.
func aliasBomb(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// gzipBomb inflates to size zeros.
func gzipBomb(t *testing.T, size int) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range size >> 20 {
		_, err := z.Write(zeros)
		testkit.Must(t, err)
	}
	testkit.Must(t, z.Close())
	return b.String()
}

// A file that somebody has made to do harm is an error of a bounded size, takes bounded memory, and stays as it is.
func TestAHostileFileIsAnErrorWithinBoundedMemoryAndStaysAsItIs(t *testing.T) {
	line, bomb := effort.Of(2<<20, 8<<20, 60<<20), effort.Of(64<<20, 1<<30, 1<<30) // a read takes 64 MiB at most unless told otherwise
	gz := safefile.WithCodec(codec.Gzip(codec.JSON()))
	limited := safefile.WithMaxSize(1 << 20)
	for _, c := range []struct {
		name, file, text string
		want             error
		opts             []safefile.Option
	}{
		{"an alias bomb", "f.yaml", aliasBomb(9), errors.ErrDecode, nil},
		{"a NUL byte in YAML", "f.yaml", "a: \x00\n", errors.ErrDecode, nil},
		{"a NUL byte in JSON", "f.json", "{\"a\": \"\x00\"}", errors.ErrDecode, nil},
		{"a NUL byte in JSONC", "f.jsonc", "{\"a\": \x00}", errors.ErrDecode, nil},
		{"a NUL byte in TOML", "f.toml", "a = \"\x00\"\n", errors.ErrDecode, nil},
		{"only NUL bytes in JSON", "f.json", strings.Repeat("\x00", 4096), errors.ErrDecode, nil},
		{"only NUL bytes in YAML", "f.yaml", strings.Repeat("\x00", 4096), errors.ErrDecode, nil},
		{"only NUL bytes in TOML", "f.toml", strings.Repeat("\x00", 4096), errors.ErrDecode, nil},
		{"invalid UTF-8 in JSON", "f.json", "{\"a\xff\": 1}", errors.ErrDecode, nil},
		{"invalid UTF-8 in YAML", "f.yaml", "a: \xff\n", errors.ErrDecode, nil},
		{"invalid UTF-8 in TOML", "f.toml", "a = \"\xff\"\n", errors.ErrDecode, nil},
		{"one long line of JSON that does not end", "f.json", `{"a": "` + strings.Repeat("x", line), errors.ErrDecode, nil},
		{"one long line of YAML that does not end", "f.yaml", `a: "` + strings.Repeat("x", line), errors.ErrDecode, nil},
		{"one long line of TOML that does not end", "f.toml", `a = "` + strings.Repeat("x", line), errors.ErrDecode, nil},
		{"more than the limit", "f.json", `{"a": "` + strings.Repeat("x", line) + `"}`, errors.ErrTooLarge, []safefile.Option{limited}},
		{"a gzip bomb", "f.json.gz", gzipBomb(t, bomb), errors.ErrTooLarge, []safefile.Option{gz, limited}},
		{"a gzip that is cut off", "f.json.gz", gzipBomb(t, 1<<20)[:500], errors.ErrDecode, []safefile.Option{gz, limited}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(testkit.Memory(t), c.file)
			testkit.Put(t, path, c.text)
			f := lockedfile.New[map[string]any](path, c.opts...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := f.Read()
			runtime.ReadMemStats(&after)
			if !errors.Is(err, c.want) || len(err.Error()) > 2000 {
				t.Errorf("Read: %.300v, want %v", err, c.want)
			}
			// All allocations together are more than the parser needs at any time.
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > uint64(64<<20+20*len(c.text)) {
				t.Errorf("Read of %d bytes has allocated %d MiB", len(c.text), allocated>>20)
			}
			testkit.WantIs(t, "Update", f.Update(func(*map[string]any) error { return nil }), c.want)
			testkit.WantIs(t, "Merge", f.Merge(map[string]any{"b": 1}), c.want)
			if got, err := os.ReadFile(path); err != nil || string(got) != c.text {
				t.Errorf("the file has %d bytes now, %v", len(got), err)
			}
			testkit.WantNames(t, filepath.Dir(path), c.file, c.file+".lock")
		})
	}
}

func TestAFileMayHaveAnyNameThatTheFilesystemTakes(t *testing.T) {
	for what, name := range map[string]string{
		"spaces":                  " a  file .json",
		"Unicode":                 "datei-äöü-文件-🗄.json",
		"a combining character":   "e\u0301.json",
		"a leading dash":          "-rf.json",
		"a newline":               "a\nb.json",
		"a tab and quotes":        "a\t\"'`$(x).json",
		"invalid UTF-8":           "a\xff\xfe.json",
		"a backslash":             `a\b.json`,
		"a leading dot":           ".json.json",
		"a glob":                  "*[a-z]?.json",
		"as many bytes as a lock": strings.Repeat("n", 245) + ".json",
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			f := lockedfile.New[map[string]int](filepath.Join(dir, name))
			testkit.Must(t, f.Write(map[string]int{"n": 1}))
			testkit.Must(t, f.Update(func(v *map[string]int) error { (*v)["n"]++; return nil }))
			if v, err := f.Read(); err != nil || v["n"] != 2 {
				t.Errorf("%v, %v", v, err)
			}
			info, err := lockedfile.Inspect(f.Path())
			if err != nil || info.Held || info.LockPath != filepath.Join(dir, name+".lock") {
				t.Errorf("%+v, %v", info, err)
			}
			moved := filepath.Join(dir, "moved.json")
			testkit.Must(t, safefile.Move(f.Path(), moved))
			testkit.WantContent(t, moved, "{\n  \"n\": 2\n}\n")
			testkit.Must(t, safefile.New[any](moved).Remove())
			testkit.WantNames(t, dir, name+".lock", "moved.json.lock")
		})
	}
	for _, bytes := range []int{251, 255} {
		path := filepath.Join(t.TempDir(), strings.Repeat("n", bytes-4)+".txt")
		err := safefile.WriteFile(path, nil)
		if !errors.Is(err, syscall.ENAMETOOLONG) || !strings.Contains(err.Error(), "WithLockDir") {
			t.Errorf("a name of %d bytes: %v", bytes, err)
		}
		testkit.WantNames(t, filepath.Dir(path))
		testkit.Must(t, safefile.WriteFile(path, []byte("x"), safefile.WithLockDir(t.TempDir())))
		testkit.WantContent(t, path, "x")
	}
}
