package checksum_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// scratch is a directory for an example.
func scratch() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

// A handle keeps the sidecar itself, and sha256sum -c agrees with it.
func Example() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "app.txt")
	if err := safefile.WriteFile(path, []byte("hello\n"), safefile.WithChecksum()); err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(path + ".sha256")
	fmt.Print(string(text))
	fmt.Println(err)
	// Output:
	// 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  app.txt
	// <nil>
}

// A file that another program has written gets a checksum, and is checked later.
func ExampleVerify() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "backup.tar")
	for _, content := range []string{"what was backed up", "what was BACKED up"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			fmt.Println(err)
			return
		}
		if _, err := checksum.Read(path); errors.Is(err, errors.ErrNoChecksum) {
			if err := checksum.Write(path); err != nil {
				fmt.Println(err)
				return
			}
		}
		err := checksum.Verify(path)
		fmt.Println(err == nil, errors.Is(err, errors.ErrChecksumMismatch))
	}
	// Output:
	// true false
	// false true
}

// The digest of bytes and of a file's content are the same text.
func ExampleSumFile() {
	dir, remove := scratch()
	defer remove()
	path := filepath.Join(dir, "hello.txt")
	if err := os.WriteFile(path, []byte("hello\n"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	sum, err := checksum.SumFile(path)
	fmt.Println(sum == checksum.Sum([]byte("hello\n")), err)
	// Output: true <nil>
}
