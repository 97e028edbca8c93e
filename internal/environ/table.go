package environ

import (
	"fmt"
	"strings"
)

// The classes of filesystems.
const (
	Persistent = "local_posix_persistent"
	Volatile   = "local_posix_volatile"
	Overlay    = "local_overlay"
	Network    = "network"
	Foreign    = "foreign"
	Pseudo     = "pseudo"
	Cluster    = "cluster" // no filesystem: a store that several machines keep together
	Unknown    = "unknown"
)

// row is one row of the table: a kind of filesystem, or a condition that lowers levels. A cell without a level
// lowers nothing.
type row struct {
	class string // empty for a condition
	where string
	cells [guarantees]Judgement
}

// kind is a kind of filesystem; it indexes table.
type kind int

const (
	unknown kind = iota // every filesystem that is not listed
	firstTier
	secondTier
	memory
	memorySecond
	overlayDisk
	overlayMemory
	overlayUnseen
	overlayVolatile
	network
	foreign
	pseudo
	cluster
	kinds
)

// Reasons that several cells share.
const (
	renames    = "rename swaps the name in one step"
	syncs      = "fsync of the file, then of its directory"
	excludes   = "flock is kept by this machine's kernel"
	digests    = "what is read is compared with its recorded SHA-256"
	untested   = "expected to work, not tested"
	copied     = "the upper layer's filesystem keeps it"
	otherHosts = "the server decides what other machines see, and when"
	notPOSIX   = "the filesystem does not follow POSIX rules, or runs outside the kernel and may not"
	noFiles    = "a view of kernel data, which holds no files"
	nobody     = "this filesystem is not known here, so nothing is promised"
)

// table has the levels for each kind of filesystem. The package doc of safefile/guarantee shows
// it, and a test keeps the two equal.
var table = [kinds]row{
	firstTier: {Persistent, "ext4, xfs, btrfs on Linux; apfs on macOS", [...]Judgement{
		{Guaranteed, renames}, {Guaranteed, syncs}, {Guaranteed, excludes}, {Guaranteed, digests}}},
	secondTier: {Persistent, "other local filesystems; all on the BSDs", [...]Judgement{
		{BestEffort, untested}, {BestEffort, untested}, {BestEffort, untested}, {BestEffort, untested}}},
	memory: {Volatile, "in memory, on Linux", [...]Judgement{
		{Guaranteed, renames},
		{BestEffort, "kept in memory: survives a crash of the process, gone when the machine stops"},
		{Guaranteed, excludes}, {Guaranteed, digests}}},
	memorySecond: {Volatile, "in memory, elsewhere", [...]Judgement{
		{BestEffort, untested},
		{BestEffort, "kept in memory: survives a crash of the process, gone when the machine stops; not tested"},
		{BestEffort, untested}, {BestEffort, untested}}},
	overlayDisk: {Overlay, "upper layer on ext4, xfs or btrfs", [...]Judgement{
		{Guaranteed, renames}, {Guaranteed, copied}, {Guaranteed, excludes}, {Guaranteed, digests}}},
	overlayMemory: {Overlay, "upper layer in memory", [...]Judgement{
		{Guaranteed, renames},
		{BestEffort, "the upper layer is kept in memory: survives a crash of the process, gone when the machine stops"},
		{Guaranteed, excludes}, {Guaranteed, digests}}},
	overlayUnseen: {Overlay, "upper layer on another or unknown filesystem", [...]Judgement{
		{Guaranteed, renames},
		{BestEffort, "the upper layer's filesystem is unknown: as durable as that is, which can't be seen from here"},
		{Guaranteed, excludes}, {Guaranteed, digests}}},
	overlayVolatile: {Overlay, "mounted volatile", [...]Judgement{
		{Guaranteed, renames},
		{Unsupported, "the overlay is mounted volatile, so fsync does nothing: mount it without, or keep the file on a volume"},
		{Guaranteed, excludes}, {Guaranteed, digests}}},
	network: {Network, "another machine, or the host of a virtual machine", [...]Judgement{
		{NonTarget, otherHosts}, {NonTarget, "the server decides what fsync means"},
		{NonTarget, "a lock may be seen by this machine only, or by none"}, {NonTarget, otherHosts}}},
	foreign: {Foreign, "FAT, NTFS, FUSE; all local ones on Windows", [...]Judgement{
		{NonTarget, notPOSIX}, {NonTarget, notPOSIX}, {NonTarget, notPOSIX}, {NonTarget, notPOSIX}}},
	pseudo: {Pseudo, "proc, sysfs, cgroup and similar", [...]Judgement{
		{Unsupported, noFiles}, {Unsupported, noFiles}, {Unsupported, noFiles}, {Unsupported, noFiles}}},
	cluster: {Cluster, "a key of etcd instead of a path", [...]Judgement{
		{Guaranteed, "a commit is one transaction of the cluster"},
		{Guaranteed, "an acknowledged change is on the disks of a majority of the members"},
		{Guaranteed, "the commit's transaction compares the lock and the version that was read"},
		{Guaranteed, digests}}},
	unknown: {Unknown, "everything else", [...]Judgement{
		{NonTarget, nobody}, {NonTarget, nobody}, {NonTarget, nobody}, {NonTarget, nobody}}},
}

// condition is a condition that lowers levels; it indexes conditionTable.
type condition int

const (
	fileMount condition = iota
	readOnlyMount
	fixedFile
	fixedDir
	appendOnlyDir
	noBarrier
	conditions
)

// Reasons and what to do about them.
const (
	// mountUnknown is a remark: neither statx(2) nor /proc can be asked.
	mountUnknown = "whether the file is a mount of its own can't be told here: if it is, no rename can replace it, and the first write shows it"

	isMount  = "the file is a mount of its own, so no rename can replace it: mount its directory instead"
	readOnly = "mounted read-only, so nothing can be written"
	fileAttr = "the file is immutable or append-only, so it can't be replaced: chattr -i -a (chflags on a BSD)"
	dirAttr  = "the directory is immutable, so nothing can be created in it: chattr -i (chflags on a BSD)"
	dirGrows = "the directory is append-only, so nothing in it can be renamed: chattr -a (chflags on a BSD)"
	barrier  = "mounted with nobarrier: a power cut may lose what the disk's cache held"
)

// conditionTable has the levels that each condition allows at most.
var conditionTable = [conditions]row{
	fileMount: {where: "the file is a mount of its own", cells: [guarantees]Judgement{
		AtomicVisibility: {Unsupported, isMount}}},
	readOnlyMount: {where: "mounted read-only", cells: [guarantees]Judgement{
		AtomicVisibility: {Unsupported, readOnly}, CrashDurability: {Unsupported, readOnly}, WriterExclusion: {Unsupported, readOnly}}},
	fixedFile: {where: "immutable or append-only file", cells: [guarantees]Judgement{
		AtomicVisibility: {Unsupported, fileAttr}, CrashDurability: {Unsupported, fileAttr}}},
	fixedDir: {where: "immutable directory", cells: [guarantees]Judgement{
		AtomicVisibility: {Unsupported, dirAttr}, CrashDurability: {Unsupported, dirAttr}, WriterExclusion: {Unsupported, dirAttr}}},
	appendOnlyDir: {where: "append-only directory", cells: [guarantees]Judgement{
		AtomicVisibility: {Unsupported, dirGrows}, CrashDurability: {Unsupported, dirGrows}}},
	noBarrier: {where: "mounted with nobarrier", cells: [guarantees]Judgement{
		CrashDurability: {BestEffort, barrier}}},
}

// Matrix gives both tables as text, one line per row, as the package doc of
// safefile/guarantee shows them.
func Matrix() string {
	var text strings.Builder
	line := func(class, where string, cells [guarantees]string) {
		fmt.Fprintf(&text, "%-22s  %-49s  %-11s  %-11s  %-11s  %s\n", class, where, cells[0], cells[1], cells[2], cells[3])
	}
	line("class", "where", [...]string{"visibility", "durability", "exclusion", "integrity"})
	for k := firstTier; k < kinds; k++ {
		line(table[k].class, table[k].where, table[k].levels("-"))
	}
	line(table[unknown].class, table[unknown].where, table[unknown].levels("-"))
	for _, condition := range conditionTable {
		line("any", condition.where, condition.levels("as above"))
	}
	return text.String()
}

// levels names the row's levels; blank stands for a cell without a level.
func (r *row) levels(blank string) (names [guarantees]string) {
	for g, cell := range r.cells {
		names[g] = blank
		if cell.Level > 0 {
			names[g] = cell.Level.String()
		}
	}
	return names
}
