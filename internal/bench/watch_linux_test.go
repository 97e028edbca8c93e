package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

// BenchmarkWatch measures the time from the beginning of the rename that puts a value in place until a watch yields the
// value, and the same from the beginning of a write in place. The rename itself is a part of it, since the kernel
// reports it before the system call returns.
func BenchmarkWatch(b *testing.B) {
	for _, save := range []struct {
		name string
		save func(path, content string) (began time.Time)
	}{
		{"rename", func(path, content string) time.Time {
			testkit.Put(b, path+".new", content)
			began := time.Now()
			testkit.Must(b, os.Rename(path+".new", path))
			return began
		}},
		{"in-place", func(path, content string) time.Time {
			began := time.Now()
			testkit.Put(b, path, content)
			return began
		}},
	} {
		b.Run(save.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "f.json")
			testkit.Put(b, path, "0")
			values := make(chan int, 1)
			go func() {
				for v, err := range safefile.New[int](path).Watch(b.Context()) {
					if err != nil {
						b.Error(err)
					}
					values <- v
				}
			}()
			<-values
			var all []time.Duration
			for n := range b.N {
				began := save.save(path, strconv.Itoa(n+1))
				for <-values != n+1 {
				}
				all = append(all, time.Since(began))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "median-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
		})
	}
}
