package linear

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// model is the file as one caller at a time would see it: its state is its
// content, "" for no file.
var model = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		was, c := state.(string), input.(call)
		switch c.Kind {
		case "write":
			return true, c.In
		case "append":
			return true, was + c.In
		case "swap":
			return c.Out == was, c.In
		case "remove":
			return c.Failed == (was == ""), ""
		}
		return c.Out == was, was
	},
}

// operations is a history as the checker takes it.
func operations(history []call) (ops []porcupine.Operation) {
	for _, c := range history {
		ops = append(ops, porcupine.Operation{ClientId: c.Client, Input: c, Output: c, Call: c.Began, Return: c.Ended})
	}
	return ops
}

func judge(history []call) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(model, operations(history), 2*time.Minute)
}

// record lets several processes call and gives all that they did.
func record(t *testing.T, processes, clients, calls int) (history []call) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.txt")
	var mu sync.Mutex
	var all sync.WaitGroup
	for p := range processes {
		cmd := testkit.Self(t, "clients", path, strconv.Itoa(p*clients), strconv.Itoa(clients), strconv.Itoa(calls))
		all.Go(func() {
			out, err := cmd.Output()
			testkit.WantNil(t, "a process", err)
			for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
				var c call
				if err := decoder.Decode(&c); err == io.EOF {
					return
				} else if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, c)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if want := processes * clients * calls; len(history) != want {
		t.Fatalf("%d calls were noted, want %d", len(history), want)
	}
	return history
}

// overlapping is how many pairs of calls of different processes ran at once:
// without them there is nothing to prove.
func overlapping(history []call, clients int) (pairs int) {
	for i, a := range history {
		for _, b := range history[:i] {
			if a.Client/clients != b.Client/clients && a.Began < b.Ended && b.Began < a.Ended {
				pairs++
			}
		}
	}
	return pairs
}

// The long form, HOLDFAST_LONG=1, checks fifty histories.
func TestHistoriesOfSeveralProcessesAreLinearizable(t *testing.T) {
	rounds := effort.Of(4, 4, 50)
	const processes, clients, calls = 3, 3, 40
	total, pairs, stale := 0, 0, 0
	for range rounds {
		history := record(t, processes, clients, calls)
		if result := judge(history); result != porcupine.Ok {
			dump, _ := json.Marshal(history)
			t.Fatalf("the history is not linearizable (%v): %s", result, dump)
		}
		total += len(history)
		pairs += overlapping(history, clients)
		stale += seed(t, history)
	}
	t.Logf("%d histories, %d calls, %d overlapping pairs from different processes, %d seeded stale reads rejected", rounds, total, pairs, stale)
	if pairs < total {
		t.Errorf("only %d pairs of %d calls overlapped", pairs, total)
	}
	if stale < 5*rounds {
		t.Errorf("only %d stale reads could be seeded", stale)
	}
}

// seed makes reads of a history see what had been replaced before they began, one
// at a time, and expects each to be noticed.
func seed(t *testing.T, history []call) (seeded int) {
	t.Helper()
	for i, r := range history {
		if r.Kind != "read" || seeded == 10 {
			continue
		}
		old, ok := replaced(history, r)
		if !ok {
			continue
		}
		forged := append([]call{}, history...)
		forged[i].Out = old
		if result := judge(forged); result != porcupine.Illegal {
			t.Errorf("a read of %q, which was replaced before, is judged %v", old, result)
		}
		seeded++
	}
	return seeded
}

// replaced is a content that was written and then replaced before a read began.
func replaced(history []call, r call) (content string, ok bool) {
	for _, w := range history {
		if w.Kind != "write" && w.Kind != "swap" {
			continue
		}
		for _, next := range history {
			if (next.Kind == "write" || next.Kind == "swap") && next.Began > w.Ended && next.Ended < r.Began {
				return w.In, true
			}
		}
	}
	return "", false
}
