package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/store"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The model internal/models/queue.pml has a transition for each step of the engine. Here the engine runs, in virtual time, in the two processes of
// the model. The test records its events, and Spin says whether the model can do the same. So model and engine can't be changed one without the other.

var errBroken = errors.New("the disk is broken")

// recorded runs four callers at random moments, the last of them in another process, on a disk that fails at times.
func recorded(t *testing.T, random *rand.Rand) []event {
	var r record
	synctest.Test(t, func(t *testing.T) {
		pause := func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most))) }
		disk := newFakeStore(pause(4 * time.Millisecond))
		failing := random.IntN(3) == 0
		var drawing sync.Mutex // the disk has its own numbers, since callers already run while random serves the next ones
		chance := rand.New(rand.NewPCG(2, random.Uint64()))
		disk.trouble = func(store.Change) error {
			drawing.Lock()
			defer drawing.Unlock()
			if failing && chance.IntN(2) == 0 {
				return errBroken
			}
			return nil
		}
		var processes [2]*Engine
		for i := range processes {
			processes[i] = New(&recordedStore{disk, &r, i})
			processes[i].sleep = time.Sleep
		}
		var all sync.WaitGroup
		for caller := range 4 {
			before, during, kind := pause(8*time.Millisecond), pause(3*time.Millisecond), []int{writes, writes, reads, undoes}[random.IntN(4)]
			engine := processes[caller/3]
			all.Go(func() {
				time.Sleep(before)
				err := engine.Do(request("f"), func(tx *Tx) error {
					text, _, err := tx.Text(store.ReadOptions{})
					if err != nil {
						return err
					}
					r.add(kind, caller, string(text))
					change := func(tx *Tx) { tx.Put(fmt.Appendf(nil, "%s%c", text, 'a'+caller)) }
					switch kind {
					case writes:
						change(tx)
					case undoes:
						testkit.WantIs(t, "the joined function", engine.Do(in(tx.In(context.Background()), "f"), func(tx *Tx) error {
							change(tx)
							return errBroken
						}), errBroken)
					}
					time.Sleep(during)
					return nil
				})
				if err == nil {
					r.add(succeeded, caller, "")
				} else {
					r.add(failed, caller, "")
				}
			})
		}
		all.Wait()
	})
	return r.events
}

// forged gives a record of what the engine must never do, made of one that it has done; nil if this one can't be forged in that way.
var forgeries = map[string]func(r []event) []event{
	"a lock that nobody took": func(r []event) []event { return slices.Delete(r, 0, 1) },
	"a commit without a change that was staged": func(r []event) []event {
		i := slices.IndexFunc(r, func(e event) bool { return e.kind == commits })
		if i < 0 {
			return nil
		}
		r[i].content &= r[i].content - 1
		return r
	},
	"an answer before the commit": func(r []event) []event {
		commit := slices.IndexFunc(r, func(e event) bool { return e.kind == commits })
		if commit < 0 {
			return nil
		}
		for i := commit + 1; i < len(r); i++ {
			if e := r[i]; e.kind == succeeded && slices.ContainsFunc(r[:commit], func(ran event) bool { return ran.kind == writes && ran.who == e.who }) {
				return slices.Insert(slices.Delete(r, i, i+1), commit, e)
			}
		}
		return nil
	},
	"a commit after the lock was released": func(r []event) []event {
		for i := 1; i < len(r); i++ {
			if r[i].kind == unlocks && r[i-1].kind == commits {
				r[i-1], r[i] = r[i], r[i-1]
				return r
			}
		}
		return nil
	},
	"a success of a change that was not committed": func(r []event) []event {
		i := slices.IndexFunc(r, func(e event) bool { return e.kind == failed })
		if i < 0 {
			return nil
		}
		r[i].kind = succeeded
		return r
	},
	"a read of what was undone": func(r []event) []event {
		undone := slices.IndexFunc(r, func(e event) bool { return e.kind == undoes })
		if undone < 0 {
			return nil
		}
		for i := undone + 1; i < len(r); i++ {
			if r[i].kind == reads || r[i].kind == writes {
				r[i].content |= 1 << r[undone].who
				return r
			}
		}
		return nil
	},
}

// accepted asks Spin which of the records the model can follow to their ends.
func accepted(t *testing.T, records [][]event) map[int]bool {
	t.Helper()
	for _, program := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	model, err := os.ReadFile("../models/queue.pml")
	testkit.Must(t, err)
	longest := 0
	for _, r := range records {
		longest = max(longest, len(r))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "c_decl { static const short records[%d][%d] = {\n", len(records), longest+1)
	for _, r := range records {
		b.WriteString("\t{ ")
		for _, e := range r {
			fmt.Fprintf(&b, "%d, ", e.kind*256+e.who*16+e.content)
		}
		b.WriteString("0 },\n")
	}
	b.WriteString("}; }\nshort next, at, which;\n#define STEP c_code { now.at++; now.next = records[now.which][now.at]; }\n")
	b.WriteString("#define ACCEPTED c_code { printf(\"accepted %d\\n\", now.which); }\n#define CHOOSE if")
	for i := range records {
		fmt.Fprintf(&b, " :: which = %d", i)
	}
	b.WriteString(" fi; c_code { now.next = records[now.which][0]; }\n")
	dir := t.TempDir()
	testkit.Must(t, errors.Join(os.WriteFile(filepath.Join(dir, "queue.pml"), model, 0o600), os.WriteFile(filepath.Join(dir, "trace.h"), []byte(b.String()), 0o600)))
	var out []byte
	for _, command := range []string{"spin -DTRACE -a queue.pml", "gcc -w -O1 -DSAFETY -DNOREDUCE -DCOLLAPSE -DVECTORSZ=4096 -o pan pan.c", "./pan -E -c0 -m100000 -w22"} {
		words := strings.Fields(command)
		c := exec.Command(words[0], words[1:]...)
		c.Dir = dir
		out, err = c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	if !strings.Contains(string(out), "errors: 0") || strings.Contains(string(out), "Search not completed") {
		t.Fatalf("%s", out)
	}
	followed := map[int]bool{}
	for line := range strings.Lines(string(out)) {
		var which int
		if n, _ := fmt.Sscanf(line, "accepted %d", &which); n == 1 {
			followed[which] = true
		}
	}
	return followed
}

func TestTheModelOfTheQueueCanDoWhatTheEngineDoes(t *testing.T) {
	runs := effort.Of(20, 60, 60)
	var records [][]event
	var names []string
	kinds := map[int]int{}
	for i := range runs {
		r := recorded(t, rand.New(rand.NewPCG(1, uint64(i))))
		records, names = append(records, r), append(names, "")
		for _, e := range r {
			kinds[e.kind]++
		}
		for name, forge := range forgeries {
			if f := forge(slices.Clone(r)); f != nil {
				records, names = append(records, f), append(names, name)
			}
		}
	}
	for kind := locks; kind <= failed; kind++ {
		if kinds[kind] == 0 {
			t.Errorf("no record has an event %d", kind)
		}
	}
	followed, forged := accepted(t, records), map[string]int{}
	for i, name := range names {
		switch {
		case name == "" && !followed[i]:
			t.Errorf("the model can't do what the engine did: %v", records[i])
		case name != "" && followed[i]:
			t.Errorf("the model can do %s: %v", name, records[i])
		case name != "":
			forged[name]++
		}
	}
	for name := range forgeries {
		if forged[name] == 0 {
			t.Errorf("no record was forged to have %s", name)
		}
	}
	t.Logf("%d records are followed to their ends, %d forged ones are not: %v", runs, len(records)-runs, forged)
}
