package guarantee

import (
	"encoding/json"
	"os"

	"github.com/holdfast-go/holdfast/safefile"
)

// compared is what Doctor said of a path, and what a Strict write of it then came to.
type compared struct {
	Diagnosis *Diagnosis
	Write     string // the error; empty for none
}

// compare is done in a process of another user.
func compare(path string) {
	d, err := Doctor(path, Probe())
	if err != nil {
		panic(err)
	}
	c := compared{Diagnosis: d}
	if err := safefile.WriteFile(path, []byte("new")); err != nil {
		c.Write = err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(c)
}
