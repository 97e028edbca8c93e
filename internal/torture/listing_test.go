package torture

import (
	"os"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/internal/replace"
)

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// temps are the entries that writers have begun.
func temps(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(listing(t, dir), func(name string) bool {
		_, isTemp := replace.ParseName(name)
		return !isTemp
	})
}

// onlyFileAndLock fails the test if there is anything else.
func onlyFileAndLock(t *testing.T, dir, file string) {
	t.Helper()
	if got, want := listing(t, dir), []string{file, file + ".lock"}; !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, and only %q were expected", got, want)
	}
}
