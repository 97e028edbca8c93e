package guarantee

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
)

// Diagnosis is what Doctor found.
type Diagnosis struct {
	// OK reports that every guarantee given to Require is Guaranteed. Without
	// Require it reports that no check failed which a guarantee rests on.
	OK bool `json:"ok"`
	// Path is the path in question, as it was given.
	Path string `json:"path"`
	// Report is that of Inspect, with the levels lowered where a check showed
	// reality to be worse; a note says so.
	Report `json:"report"`
	// Required is what Require asked for.
	Required []Guarantee `json:"required"`
	// Checks are what was tried, in order.
	Checks []Check `json:"checks"`
}

// Check is one thing that was tried.
type Check struct {
	Name   string `json:"name"`   // what, such as "rename"
	Status string `json:"status"` // StatusOK, StatusFailed or StatusUnknown
	Detail string `json:"detail"` // what was seen, or why nothing was
}

// What a check can come to.
const (
	StatusOK      = "ok"
	StatusFailed  = "failed"
	StatusUnknown = "unknown" // not tried, or not to be told
)

// Probe lets Doctor write: it creates files whose names start with
// ".holdfast-doctor-" in the file's directory and in the lock's, and a temp file like
// a write's, and removes them before it returns, even by a panic. It never changes the
// file itself.
func Probe() DoctorOption { return option(func(s *settings) { s.probe = true }) }

// Require names the guarantees that Diagnosis.OK is about.
func Require(g ...Guarantee) DoctorOption {
	return option(func(s *settings) { s.required = append(s.required, g...) })
}

// Helper names a program that tries a lock in a process of its own, for the
// proof that locks exclude. Doctor starts argv with the path of a lock file as
// one more argument. The program must try to lock that file exclusively and
// without waiting, by flock(2) (LockFileEx on Windows, as github.com/gofrs/flock
// does), and exit with status 0 if it got the lock and 1 if it was held. Doctor
// kills it after ten seconds.
//
// Without Helper, flock(1) is used where it is installed. If there is none the
// check is unknown.
func Helper(argv ...string) DoctorOption {
	return option(func(s *settings) { s.helper = slices.Clone(argv) })
}

// Doctor examines the place of the file at path. Without Probe it touches
// nothing, and what needs a write is reported as unknown; with it every system
// call that the guarantees rest on is tried, as this process and on this
// filesystem. Then it makes a replacement of the file as a write under Strict does, up
// to the rename: if that fails, so does every such write by this process.
//
// The error is that of Inspect, or says that Require was given a name that is no
// guarantee; whatever else is wrong is a failed check. It is safe for
// concurrent use.
func Doctor(path string, opts ...DoctorOption) (*Diagnosis, error) {
	var s settings
	for _, o := range opts {
		o.doctorOption(&s)
	}
	for _, g := range s.required {
		if !slices.Contains(All(), g) {
			return nil, &errors.Error{Op: "diagnose", Path: path, Err: fmt.Errorf("no guarantee is called %q", string(g))}
		}
	}
	report, err := inspect(path, &s)
	if err != nil {
		return nil, err
	}
	found, err := environ.Find(path)
	if err != nil {
		return nil, &errors.Error{Op: "diagnose", Path: path, Err: err}
	}
	d := &Diagnosis{Path: path, Report: report, Required: append([]Guarantee{}, s.required...)}
	d.examine(newVisit(found.Dir, found.Name, &s, report.FileMount), checks)
	return d, nil
}

// examine runs the checks and draws the conclusions.
func (d *Diagnosis) examine(v *visit, checks []check) {
	defer v.leave()
	sound := true
	for i := range checks {
		outcome := v.run(&checks[i])
		d.Checks = append(d.Checks, Check{checks[i].name, outcome.status, outcome.detail})
		if outcome.status == StatusFailed {
			sound = sound && len(checks[i].bears) == 0
			d.lower(&checks[i])
		}
	}
	if err := v.leave(); err != nil {
		d.Notes = append(d.Notes, "a probe file was left behind: "+err.Error())
	}
	d.OK = sound
	if len(d.Required) > 0 {
		d.OK = !slices.ContainsFunc(d.Required, func(g Guarantee) bool { return d.Guarantees[g] != Guaranteed })
	}
}

// lower takes away the guarantees that rest on a failed check, with the note on
// each.
func (d *Diagnosis) lower(c *check) {
	for i, g := range All() {
		was := d.Guarantees[g]
		if was == Unsupported || !slices.Contains(c.bears, g) {
			continue
		}
		d.Guarantees[g] = Unsupported
		d.Notes[i] = fmt.Sprintf("%s is Unsupported, not %s as the table says: the check %q failed", g, was, c.name)
	}
}

// Summary is the diagnosis as a table for people. Its form may change.
func (d *Diagnosis) Summary() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", errors.Printable(d.Path), d.result())
	fmt.Fprintf(&text, "%s\n\n", d.where())
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GUARANTEE\tLEVEL\t")
	for _, g := range All() {
		mark := ""
		if slices.Contains(d.Required, g) {
			mark = "required"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", g, d.Guarantees[g], mark)
	}
	fmt.Fprintln(table, "\nCHECK\tSTATUS\tDETAIL")
	for _, c := range d.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Name, c.Status, c.Detail)
	}
	_ = table.Flush() // a strings.Builder takes everything
	text.WriteString("\nNOTES\n")
	for _, note := range d.Notes {
		text.WriteString("- " + note + "\n")
	}
	return text.String()
}

// result says in one line what OK is about.
func (d *Diagnosis) result() string {
	var missing []string
	for _, g := range d.Required {
		if d.Guarantees[g] != Guaranteed {
			missing = append(missing, string(g))
		}
	}
	switch {
	case len(missing) > 0:
		return "not ok, required but not guaranteed: " + strings.Join(missing, ", ")
	case !d.OK:
		return "not ok, a check failed"
	}
	return "ok"
}

func (d *Diagnosis) where() string {
	name := d.Filesystem
	if name == "" {
		name = "unknown filesystem"
	}
	text := name + " (" + d.Class + ") on " + d.OS
	if d.Mount != "" {
		text += ", mounted at " + d.Mount
	}
	if d.ReadOnly {
		text += ", read-only"
	}
	if d.FileMount {
		text += ", the file being the mount"
	}
	return text
}
