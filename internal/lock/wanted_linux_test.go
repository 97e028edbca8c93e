package lock

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/holdfast-go/holdfast/internal/vfs"
)

func TestALockIsWantedWhileSomebodyWaitsForIt(t *testing.T) {
	p := place(t)
	h := take(t, p)
	if h.Wanted() == seesAll() {
		t.Error("nobody waits, and it is wanted; or others can't be seen, and it is not")
	}
	waiter := exec.Command("flock", p.Path, "true")
	must(t, waiter.Start())
	soon(t, "a blocked process is seen", h.Wanted)
	must(t, h.Release())
	must(t, waiter.Wait())
	if !h.Wanted() {
		t.Error("a lock that nobody holds is known")
	}
}

func TestTheKernelsLinesAreRead(t *testing.T) {
	file := vfs.ID{Dev: 8<<8 | 17, Ino: 131}
	for text, want := range map[string]bool{
		"": true,
		"1: FLOCK  ADVISORY  WRITE 4711 08:11:131 0 EOF\n":  false,
		"1: FLOCK  ADVISORY  WRITE 4711 08:11:1310 0 EOF\n": true,
		"1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF\n":  true,
		"1: POSIX  ADVISORY  WRITE 4711 08:11:131 0 EOF\n":  true,
		"1: FLOCK  ADVISORY  WRITE 4711 08:11:131 0 EOF\n" +
			"2: POSIX  ADVISORY  WRITE 4711 08:11:131 0 EOF\n2: -> POSIX  ADVISORY  WRITE 4712 08:11:131 0 EOF\n": false,
		"1: FLOCK  ADVISORY  WRITE 4711 08:11:131 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 4712 08:11:131 0 EOF\n": true,
		"1: FLOCK  ADVISORY  WRITE 4711 08:11:131 0 EOF\n" +
			"2: FLOCK  ADVISORY  WRITE 4711 08:11:132 0 EOF\n2:  -> FLOCK  ADVISORY  WRITE 4712 08:11:132 0 EOF\n": false,
	} {
		if got := waitsIn([]byte(text), file); got != want {
			t.Errorf("wanted is %v by\n%s", got, text)
		}
	}
}

// Reading all of a long table would take longer than the rest that it may spare.
func TestALongTableIsNotReadToItsEnd(t *testing.T) {
	p := place(t)
	h := take(t, p)
	const others = tableSize / 40
	for i := range others {
		f, err := os.Create(fmt.Sprintf("%s.%d", p.Path, i))
		must(t, err)
		defer f.Close()
		must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	}
	if !h.Wanted() {
		t.Errorf("beside %d other locks it is known that nobody waits", others)
	}
}
