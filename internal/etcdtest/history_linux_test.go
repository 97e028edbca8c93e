package etcdtest

import (
	"strconv"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile/etcd"
	"github.com/holdfast-go/holdfast/safefile"
)

// model is one file: a register that holds the value of the last swap. A call without a known result was carried out
// when its value fits, or not at all.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		of := make(map[string][]porcupine.Operation)
		for _, op := range history {
			file := op.Input.(call).File
			of[file] = append(of[file], op)
		}
		for _, part := range of {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, _ any) (bool, any) {
		was, c := state.(string), input.(call)
		switch {
		case c.Kind == "read":
			return c.Out == was, was
		case c.Out == was:
			return true, c.In
		}
		return c.Result == "unknown", was
	},
}

func TestTheCheckerNoticesAStaleReadAndAnUpdateThatWasMadeTwice(t *testing.T) {
	swap := func(client int, out, in, result string, began, ended int64) call {
		return call{Client: client, File: "f", Kind: "swap", Out: out, In: in, Result: result, Began: began, Ended: ended}
	}
	read := func(out string, began int64) call {
		return call{Client: 9, File: "f", Kind: "read", Out: out, Result: "ok", Began: began, Ended: began + 1}
	}
	for name, c := range map[string]struct {
		history []call
		want    porcupine.CheckResult
	}{
		"in order":                 {[]call{swap(1, "", "a", "ok", 1, 2), swap(2, "a", "b", "ok", 3, 4), read("b", 5)}, porcupine.Ok},
		"unknown, and made":        {[]call{swap(1, "", "a", "unknown", 1, 99), read("a", 5)}, porcupine.Ok},
		"unknown, and not made":    {[]call{swap(1, "", "a", "unknown", 1, 99), read("", 5)}, porcupine.Ok},
		"a stale read":             {[]call{swap(1, "", "a", "ok", 1, 2), swap(2, "a", "b", "ok", 3, 4), read("a", 5)}, porcupine.Illegal},
		"a lost update":            {[]call{swap(1, "", "a", "ok", 1, 2), swap(2, "", "b", "ok", 3, 4)}, porcupine.Illegal},
		"an update that came back": {[]call{swap(1, "", "a", "ok", 1, 2), swap(2, "a", "b", "ok", 3, 4), read("b", 5), read("a", 7)}, porcupine.Illegal},
	} {
		if got := porcupine.CheckOperations(model, operations(c.history)); got != (c.want == porcupine.Ok) {
			t.Errorf("%s: judged %v, want %v", name, got, c.want)
		}
	}
}

func operations(history []call) (ops []porcupine.Operation) {
	for _, c := range history {
		ops = append(ops, porcupine.Operation{ClientId: c.Client, Input: c, Call: c.Began, Return: c.Ended})
	}
	return ops
}

func judge(t *testing.T, cluster *Processes, history []call) {
	t.Helper()
	results, watched := make(map[string]int), 0
	var checked []call
	ranges := make(map[string][2]int)
	last := int64(0)
	for _, c := range history {
		last = max(last, c.Ended)
	}
	for _, c := range history {
		switch {
		case c.Kind == "error":
			t.Errorf("a worker has an error: %s", c.Out)
			continue
		case c.Kind == "watched":
			watched++
			continue
		case c.Kind == "sum":
			least, err := strconv.Atoi(c.In)
			testkit.Must(t, err)
			most, err := strconv.Atoi(c.Out)
			testkit.Must(t, err)
			ranges[strconv.Itoa(c.Client)] = [2]int{least, most}
			continue
		}
		results[c.Kind+" "+c.Result]++
		if c.Kind == "count" || c.Result == "refused" || c.Kind == "read" && c.Result != "ok" {
			continue
		}
		if c.Result == "unknown" {
			c.Ended = last + 1 // it may still have an effect
		}
		checked = append(checked, c)
	}
	if got := porcupine.CheckOperationsTimeout(model, operations(checked), 5*time.Minute); got != porcupine.Ok {
		t.Errorf("the history is not linearizable: %v", got)
	}
	client, err := Dial(cluster.Endpoints)
	testkit.Must(t, err)
	defer client.Close()
	counts, err := safefile.New[map[string]int]("/counts.json", etcd.On(client)).ReadOr(nil)
	testkit.Must(t, err)
	if len(ranges) != 3*goroutines {
		t.Errorf("%d workers came to their end, want %d", len(ranges), 3*goroutines)
	}
	total := 0
	for who, r := range ranges {
		if n := counts[who]; n < r[0] || n > r[1] {
			t.Errorf("the file has %d updates of client %s, and %d to %d were made", n, who, r[0], r[1])
		}
		total += counts[who]
	}
	t.Logf("%v, %d calls are in the checked history, %d counts, %d states watched", results, len(checked), total, watched)
	if results["swap ok"] < 100 || total < 50 || watched < 50 {
		t.Errorf("too little was done to prove anything")
	}
}
