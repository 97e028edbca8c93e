package guarantee

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/environ"
)

// Diagnosis is the result of [Doctor].
type Diagnosis struct {
	// OK reports whether every guarantee given to Require is Guaranteed. Without Require it reports
	// whether all checks passed that a guarantee depends on.
	OK bool `json:"ok"`
	// Path is the path as it was given to Doctor.
	Path string `json:"path"`
	// Report is the result of Inspect. Where a check failed, levels are lowered and a note says so.
	Report `json:"report"`
	// Required holds the guarantees that were given to Require.
	Required []Guarantee `json:"required"`
	// Checks holds the checks in their order.
	Checks []Check `json:"checks"`
}

// Check is the result of one check.
type Check struct {
	Name   string `json:"name"`   // such as "rename"
	Status string `json:"status"` // StatusOK, StatusFailed or StatusUnknown
	Detail string `json:"detail"` // what was seen, or why the check was not made
}

// The results of a check.
const (
	StatusOK      = "ok"
	StatusFailed  = "failed"
	StatusUnknown = "unknown" // the check was not made, or its result is not clear
)

// Probe lets Doctor write. It creates files whose names begin with ".holdfast-doctor-" in the directories of the
// file and of its lock, and a temp file as a write does. It removes them before it returns, even
// after a panic. It never changes the file itself.
func Probe() DoctorOption { return option(func(s *settings) { s.probe = true }) }

// Require names the guarantees that must hold for [Diagnosis].OK.
func Require(g ...Guarantee) DoctorOption {
	return option(func(s *settings) { s.required = append(s.required, g...) })
}

// Helper names a program that tries to take a lock in a process of its own, to test that locks
// exclude. Doctor runs argv with the path of a lock file as an additional last argument. The
// program must try to lock that file exclusively and without waiting, with flock(2), or with LockFileEx
// on Windows, as github.com/gofrs/flock does. It must exit with 0 if it got the lock, and with 1 if
// the lock was held. Doctor kills it after ten seconds.
//
// Without Helper, Doctor uses flock(1). If that is not installed, the result of the check is unknown.
func Helper(argv ...string) DoctorOption {
	return option(func(s *settings) { s.helper = slices.Clone(argv) })
}

// Doctor examines the filesystem and the directory of the file at path.
//
// Without [Probe] it changes nothing, and the checks that need a write are unknown. With Probe it tries every
// system call that the guarantees need, as this process and on this filesystem. Then it
// prepares a replacement of the file as a Strict write does, up to the rename. If that fails, every
// such write by this process fails.
//
// The error is that of [Inspect], or says that [Require] got a name that is no guarantee. Every other
// fault is a failed check. Doctor is safe for concurrent use.
func Doctor(path string, opts ...DoctorOption) (*Diagnosis, error) {
	var s settings
	for _, o := range opts {
		if o == nil {
			panic("guarantee.Doctor: nil option")
		}
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

// examine runs the checks, lowers levels and sets OK.
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

// lower lowers the levels of the guarantees that depend on a failed check, with the note on
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

// Summary gives the diagnosis as a table for people. Its format may change.
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

// result explains OK in one line.
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
