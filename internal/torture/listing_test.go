package torture

import (
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/internal/replace"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// temps are the entries that writers have begun.
func temps(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(testkit.Names(t, dir), func(name string) bool {
		_, isTemp := replace.ParseName(name)
		return !isTemp
	})
}
