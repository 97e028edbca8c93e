package powercut

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// doc is the value of most files. Its padding follows from the number, so that files have many lengths and a
// mixture of two is recognised.
type doc struct {
	N   int    `json:"n"`
	Pad string `json:"pad"`
}

func docOf(n int) doc { return doc{n, padding(fmt.Sprint("doc", n), 6000)} }

// padding is text of up to most bytes that follows from an id.
func padding(id string, most int) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return text(id, int(h.Sum32()%uint32(most)))
}

// text is size bytes that follow from an id.
func text(id string, size int) string { return strings.Repeat(id+" ", size/len(id)+1)[:size] }

// hasDoc says how the file differs from change n of it; change 0 is none.
func hasDoc(path string, n int) error {
	if n == 0 {
		return isMissing(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var got doc
	if err := json.Unmarshal(data, &got); err != nil {
		return fmt.Errorf("%s: %w: %.60q", path, err, data)
	}
	if got != docOf(n) {
		return fmt.Errorf("%s: holds change %d, whole: %v; wanted %d", path, got.N, got == docOf(got.N), n)
	}
	return nil
}

// hasBytes says how the file differs from what was written as text; "" is no file.
func hasBytes(path, want string) error {
	if want == "" {
		return isMissing(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(data) != want {
		at := 0
		for at < min(len(data), len(want)) && data[at] == want[at] {
			at++
		}
		return fmt.Errorf("%s: %d bytes, wanted %d; the first difference is at %d: %.30q", path, len(data), len(want), at, data[at:])
	}
	return nil
}

func isMissing(path string) error {
	if data, err := os.ReadFile(path); err == nil {
		return fmt.Errorf("%s is there: %.60q", path, data)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// verifies says what is wrong with the checksum of a file that is there.
func verifies(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return checksum.Verify(path)
}

// hasLines says how a file differs from one that holds the lines 1 to n of a lane, and those of others.
func hasLines(path, lane string, n int) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && n == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		return fmt.Errorf("%s ends within a line: %.60q", path, data[max(0, len(data)-60):])
	}
	next := 1
	for l := range strings.Lines(string(data)) {
		if !strings.HasPrefix(l, lane+" ") {
			continue
		}
		if l != line(lane, next) {
			return fmt.Errorf("%s: line %d of %s is %.60q", path, next, lane, l)
		}
		next++
	}
	if next-1 != n {
		return fmt.Errorf("%s: %d lines of %s, wanted %d", path, next-1, lane, n)
	}
	return nil
}

func line(lane string, n int) string {
	id := fmt.Sprint(lane, " ", n)
	return id + " " + padding(id, 200) + "\n"
}
