package environ

// Guarantee is one of the four guarantees; it indexes the table.
type Guarantee int

// The four guarantees, in the order of a report.
const (
	AtomicVisibility   Guarantee = iota // a reader sees the old content or the new, never a part
	CrashDurability                     // an acknowledged change survives a crash of the machine
	WriterExclusion                     // two writers never overlap
	IntegrityDetection                  // damaged bytes are noticed
	guarantees
)

// Guarantees is the number of guarantees.
const Guarantees = int(guarantees)

// String is the guarantee's public name.
func (g Guarantee) String() string {
	return [...]string{"AtomicVisibility", "CrashDurability", "WriterExclusion", "IntegrityDetection"}[g]
}

// Level says how far a guarantee holds; a higher number is worse. The zero
// Level means that the guarantee was not judged.
type Level int

// The levels, the best first.
const (
	Guaranteed  Level = iota + 1 // the guarantee holds, and this was tested
	BestEffort                   // the guarantee holds within the limits that the reason gives
	NonTarget                    // the guarantee may hold, but nobody promises it
	Unsupported                  // the guarantee can't hold
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
