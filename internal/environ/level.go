package environ

// Guarantee is one of the four guarantees; it indexes the table.
type Guarantee int

// The four guarantees, in the order of a report.
const (
	AtomicVisibility   Guarantee = iota // a reader sees the old content or the new, never a part
	CrashDurability                     // what was acknowledged survives a crash of the machine
	WriterExclusion                     // two writers never overlap
	IntegrityDetection                  // bytes that silently changed are noticed
	guarantees
)

// Guarantees is the number of guarantees.
const Guarantees = int(guarantees)

// String is the guarantee's public name.
func (g Guarantee) String() string {
	return [...]string{"AtomicVisibility", "CrashDurability", "WriterExclusion", "IntegrityDetection"}[g]
}

// Level says how far a guarantee holds; a higher number is worse. The zero
// Level is "nothing to say".
type Level int

// From kept to impossible.
const (
	Guaranteed  Level = iota + 1 // kept, and tested
	BestEffort                   // kept as far as it goes; the reason says how far
	NonTarget                    // may work, but nobody promises it
	Unsupported                  // cannot be kept here
)

// String is the level's public name.
func (l Level) String() string {
	return [...]string{"", "Guaranteed", "BestEffort", "NonTarget", "Unsupported"}[l]
}

// Refused reports whether the Strict policy refuses an operation that relies on
// a guarantee of this level.
func (l Level) Refused() bool { return l >= NonTarget }

// Judgement is a level and the reason for it.
type Judgement struct {
	Level Level
	Why   string
}

// worse gives the worse of the two, and a if they are equal.
func worse(a, b Judgement) Judgement {
	if b.Level > a.Level {
		return b
	}
	return a
}
