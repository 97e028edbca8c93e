package codec_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// peak is the most memory that f has in use at any collection of garbage, in bytes,
// above what was in use before. What is allocated while a collection marks counts as in
// use although it may be garbage, so the least of three runs is nearest to the truth.
func peak(f func()) uint64 {
	return min(peakOnce(f), peakOnce(f), peakOnce(f))
}

// peakOnce makes collections often, so that the peak depends little on when they happen.
func peakOnce(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	read := func() uint64 { metrics.Read(live); return live[0].Value.Uint64() }
	runtime.GC()
	before := read()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m uint64
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				most <- m
				return
			case <-tick.C:
				m = max(m, read())
			}
		}
	}()
	f()
	close(done)
	return max(<-most, before) - before
}

type record struct {
	ID   int      `json:"id" yaml:"id" toml:"id"`
	Name string   `json:"name" yaml:"name" toml:"name"`
	On   bool     `json:"on" yaml:"on" toml:"on"`
	Tags []string `json:"tags" yaml:"tags" toml:"tags"`
}

func records(n int) map[string][]record {
	list := make([]record, n)
	for i := range list {
		list[i] = record{i, fmt.Sprint("the name of number ", i), i%2 == 0, []string{"one", "two"}}
	}
	return map[string][]record{"records": list}
}

// A large file must not need so much that the process is killed.
func TestAnEditNeedsMemoryInProportionToTheText(t *testing.T) {
	for name, c := range map[string]struct {
		change func(list []record) []record
		most   map[string]uint64 // times the text
	}{
		"one changed":  {func(list []record) []record { list[17].Name = "another"; return list }, map[string]uint64{"json": 24, "jsonc": 24, "yaml": 40, "toml": 40}},
		"one appended": {func(list []record) []record { return append(list, record{ID: 1e6, Name: "new"}) }, map[string]uint64{"json": 24, "jsonc": 24, "yaml": 40, "toml": 40}},
		"one deleted":  {func(list []record) []record { return slices.Delete(list, 5, 6) }, map[string]uint64{"json": 24, "jsonc": 24, "yaml": 40, "toml": 40}},
		"two swapped":  {func(list []record) []record { list[5], list[99] = list[99], list[5]; return list }, map[string]uint64{"json": 24, "jsonc": 24, "yaml": 40, "toml": 40}},
		"all changed": {func(list []record) []record {
			for i := range list {
				list[i].Name += "!"
			}
			return list
		}, map[string]uint64{"json": 90, "jsonc": 90, "yaml": 190, "toml": 230}},
	} {
		for format, comment := range map[string]string{"json": "", "jsonc": "// c\n", "yaml": "# c\n", "toml": "# c\n"} {
			t.Run(name+" in "+format, func(t *testing.T) {
				most, c, change := c.most[format], treeCodecs[format], c.change
				v := records(effort.Of(500, 3_000, 20_000))
				var own bytes.Buffer
				testkit.Must(t, c.Dump(&own, v))
				text := append([]byte(comment), own.Bytes()...)
				if comment == "" {
					text = bytes.Replace(text, []byte("{\n"), []byte("{ \n"), 1)
				}
				v["records"] = change(v["records"])
				got := peak(func() {
					testkit.WantNil(t, "it", c.(codec.Editor).Edit(io.Discard, text, v))
				})
				t.Logf("%d times the text of %d KiB", got/uint64(len(text)), len(text)>>10)
				if got > most*uint64(len(text)) {
					t.Errorf("an edit of %d KiB has %d KiB in use, which is %d times as much, want at most %d", len(text)>>10, got>>10, got/uint64(len(text)), most)
				}
			})
		}
	}
}
