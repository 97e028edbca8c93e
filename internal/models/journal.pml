/*
 * LockAll's journal: a kill or a power cut at every step, two recoverers, and ForceRelease of one of the locks.
 *
 * There are two files in two directories. The journal lies in the directory of file 0; directory 1 has a pointer to it.
 *   Writer     internal/disk: commitTogether, enlist, recovery.point, recovery.undo
 *   publish    internal/disk: recovery.publish        rename the temps, fsync the directories
 *   finish     internal/disk: recovery.finish         remove the journal, then the pointer
 *   Recoverer  internal/disk: sweepIfDue, recoverAll, follow, recovery.run, removeTemps; then a change of its own file
 *   force      internal/disk: Disk.Force, takeDrafts; the rest is as in Recoverer
 *
 * Assumptions:
 *   - rename(2) is atomic, also in a power cut. It leaves of each name, in any combination, what was last
 *     synced or what is there now. The two names of a rename go together.
 *   - The contents of temps, journal and pointer are fsynced before they get their names.
 *   - Names of temps and journals are never used twice. A lock excludes, and is freed when its holder dies (see lock.pml).
 *   - The mark in a lock file survives a kill, but perhaps no power cut. After a power cut every process is new,
 *     and a new process looks into the directory at its first write.
 * The model shows one crash.
 * Left out: removals, backups, checksums, trust in the journal's owner, and sweeps of other files' temps. The first change
 * after the recovery stands for every later one.
 *
 * run safety
 * run progress
 * fault safety NO_POINTER         !(half)        directory 1 has no pointer
 * fault safety NO_POINTER_SYNC    !(half)        no fsync of the pointer's directory
 * fault safety NO_TEMP_SYNC       !(half)        no fsync of the directory before the draft gets the journal's name
 * fault safety NO_JOURNAL_SYNC    !(half)        no fsync of the directory after that
 * fault safety NO_PUBLISH_SYNC    !(half)        the journal is removed before the renames are durable
 * fault safety NO_MARK            !(overwritten) no mark in the lock files
 * fault safety SWEEP_FIRST        !(half)        the recoverer removes temps before it looks for a journal
 * fault safety NO_TAKE_DRAFT      !(half)        ForceRelease leaves the draft
 * fault safety FORCE_ONLY         !(half)        only ForceRelease itself takes the draft away, and it may be killed before it does
 * fault safety CHECK_EARLY        !(half)        the locks are checked before the draft is there
 * fault safety NO_CHECK           !(overwritten) the locks are not checked
 * fault safety OWN_SYNC_ONLY      !(half)        the recoverer syncs only the directories in which it has renamed
 * fault safety NO_RECOVERY_SYNC   !(half)        the recoverer renames before the name of the journal is durable
 * fault safety FINISH_EARLY       !(half)        the recoverer removes the journal before it renames
 * fault safety NO_TEMP_TEST       !(overwritten) the recoverer copies the content without regard to the temp
 * fault safety ACK_EARLY          !(lost)        the caller is answered before the journal is durable
 * fault progress LOCK_BOTH        acceptance cycle  the recoverer waits for the other file's lock too
 */
#define OLD      0   /* contents of a file: before the change, */
#define NEW      1   /* after it, */
#define LATER    2   /* after a change that a recoverer has made on top */
#define WRITER   1   /* in lock[]; a recoverer is there by its file plus 2; 0: nobody */
#define CRASHES  1

typedef Disk { bool temp[2], draft, journal, pointer; byte file[2] };
Disk now, stored;         /* what processes see; what a power cut leaves */
byte lock[2], crashes;
bool mark[2];             /* the record in a lock file that its holder has not cleared */
bool dead[4];             /* a process was killed and has not noticed, by its number in lock[] */

/* What only assertions look at. */
byte seen[2];             /* what the first holder of a lock has seen after the change, plus 1; 0: nothing yet */
bool half, overwritten, lost, acked, served[2];

/* step is one system call of a process, unless it was killed. */
#define step(s) atomic { if :: dead[me] -> goto begin :: else fi; s }

inline keepFile(i) { stored.temp[i] = now.temp[i]; stored.file[i] = now.file[i] }
inline keepJournal() { stored.draft = now.draft; stored.journal = now.journal }

inline syncDirectory(i) {
	step(keepFile(i); if :: i == 0 -> keepJournal() :: i == 1 -> stored.pointer = now.pointer fi)
}

/* The new content is visible. Only one rename of a temp succeeds. */
inline rename(i) {
	if
#ifdef NO_TEMP_TEST
	:: me != WRITER -> now.temp[i] = false; overwritten = overwritten || now.file[i] == LATER; now.file[i] = NEW; renamed = true
#endif
	:: now.temp[i] -> now.temp[i] = false; overwritten = now.file[i] != OLD; now.file[i] = NEW; renamed = true
	:: else -> renamed = false
	fi;
	assert(!overwritten)
}

proctype Writer() {
	byte me = WRITER;
	bool renamed;
	step(now.temp[0] = true; now.temp[1] = true);
#ifndef NO_MARK
	step(mark[0] = true; mark[1] = true);
#endif
#ifndef NO_POINTER
	step(now.pointer = true);
#ifndef NO_POINTER_SYNC
	syncDirectory(1);
#endif
#endif
#ifdef CHECK_EARLY
	step(if :: lock[0] != me || lock[1] != me -> goto undo :: else fi);
#endif
	step(now.draft = true);
#ifndef NO_TEMP_SYNC
	syncDirectory(0);
#endif
#if !defined(CHECK_EARLY) && !defined(NO_CHECK)
	step(if :: lock[0] != me || lock[1] != me -> goto undo :: else fi);
#endif
	step(if :: now.draft -> now.draft = false; now.journal = true :: else -> goto undo fi);
#ifdef ACK_EARLY
	acked = true;
#endif
#ifndef NO_JOURNAL_SYNC
	syncDirectory(0);
#endif
	step(rename(0));
	step(rename(1));
#ifndef NO_PUBLISH_SYNC
	syncDirectory(0);
	syncDirectory(1);
#endif
	step(now.journal = false);
	step(now.pointer = false);
	acked = true;
	goto unlock;
undo:	step(now.draft = false; now.pointer = false);
	step(now.temp[0] = false; now.temp[1] = false);
unlock:	step(
		if :: lock[0] == me -> mark[0] = false; lock[0] = 0 :: else fi;
		if :: lock[1] == me -> mark[1] = false; lock[1] = 0 :: else fi
	);
begin:	skip /* it is dead, or at its end */
}

#ifdef PROGRESS
#define NO_FORCE
#endif
#ifdef NO_TAKE_DRAFT
#define TAKES_DRAFT false
#elif defined(FORCE_ONLY)
#define TAKES_DRAFT force
#else
#define TAKES_DRAFT true
#endif

/* A process that changes file i. */
proctype Recoverer(byte i) {
	byte me = i + 2;
	bool fresh, /* it has not yet looked into the directory */ force, renamed, pending[2], names, temp, listed;
again:	atomic {
		if
		:: dead[me] -> goto begin
		:: !dead[me] && lock[i] == 0 -> lock[i] = me
#ifndef NO_FORCE
		:: !dead[me] && lock[i] == WRITER -> lock[i] = me; force = true; mark[i] = true
#endif
		fi
	};
	step(if :: !force && !fresh && !mark[i] -> goto change :: else fi);
	/* A draft or a pointer to one tells of a LockAll that has perhaps not noticed that its lock was taken away. */
	if
	:: TAKES_DRAFT -> step(if :: i == 0 || now.pointer -> now.draft = false :: else fi)
	:: else
	fi;
	/* The directory is listed. */
	step(temp = now.temp[i]; names = (i == 0 -> now.journal : now.pointer); listed = (i == 0 -> now.draft : now.pointer));
#ifdef SWEEP_FIRST
	step(if :: temp -> now.temp[i] = false :: else fi);
#endif
	if
	:: names ->
		step(if :: !now.journal -> goto sweep :: else fi); /* follow */
		step(pending[0] = now.temp[0]); /* validate */
		step(pending[1] = now.temp[1]);
#ifdef NO_TEMP_TEST
		pending[0] = true; pending[1] = true;
#endif
#ifdef LOCK_BOTH
		atomic { if :: dead[me] -> goto begin :: !dead[me] && lock[1 - i] == 0 -> lock[1 - i] = me fi };
#endif
#ifdef FINISH_EARLY
		step(now.journal = false);
#endif
#ifndef NO_RECOVERY_SYNC
		syncDirectory(0); /* the journal's name may not be durable yet */
#endif
		step(if :: pending[0] -> rename(0) :: else fi); /* publish */
		step(if :: pending[1] -> rename(1) :: else fi);
#ifdef OWN_SYNC_ONLY
		if :: pending[0] -> syncDirectory(0) :: else fi;
		if :: pending[1] -> syncDirectory(1) :: else fi;
#else
		syncDirectory(0);
		syncDirectory(1);
#endif
		step(now.journal = false); /* finish */
		step(now.pointer = false)
	:: else
	fi;
sweep:	step(if :: temp -> now.temp[i] = false :: else fi);
	step(if :: listed && i == 0 -> now.draft = false :: listed && i == 1 -> now.pointer = false :: else fi);
	step(fresh = false; temp = false; listed = false; names = false; pending[0] = false; pending[1] = false; renamed = false;
		if :: force -> force = false; mark[i] = false; lock[i] = 0; goto again :: else fi);
change:	step(
		if :: seen[i] == 0 -> seen[i] = now.file[i] + 1 :: else fi;
		half = seen[0] && seen[1] && seen[0] != seen[1]; assert(!half);
		now.file[i] = LATER
	);
	step(keepFile(i); mark[i] = false; lock[i] = 0; served[i] = true; goto done);
begin:	atomic { dead[me] = false; fresh = true; force = false; temp = false; listed = false; names = false;
		pending[0] = false; pending[1] = false; renamed = false; goto again }; /* another process takes its place */
done:	skip
}

inline free(p) {
	dead[p] = true;
	if :: lock[0] == p -> lock[0] = 0 :: else fi;
	if :: lock[1] == p -> lock[1] = 0 :: else fi
}

proctype Crash() {
	byte p;
end:	do
	:: atomic { crashes < CRASHES -> crashes++; select(p : 1 .. 3); free(p) }
	:: atomic { crashes < CRASHES -> crashes++; free(1); free(2); free(3);
		if :: keepFile(0) :: skip fi;
		if :: keepFile(1) :: skip fi;
		if :: keepJournal() :: skip fi;
		if :: stored.pointer = now.pointer :: skip fi;
		lost = acked && (stored.file[0] == OLD || stored.file[1] == OLD); assert(!lost);
		now.temp[0] = stored.temp[0]; now.temp[1] = stored.temp[1];
		now.file[0] = stored.file[0]; now.file[1] = stored.file[1];
		now.draft = stored.draft; now.journal = stored.journal; now.pointer = stored.pointer;
		if :: mark[0] = false :: skip fi;
		if :: mark[1] = false :: skip fi }
	od
}

init {
	atomic {
		lock[0] = WRITER; lock[1] = WRITER;
		run Writer(); run Recoverer(0); run Recoverer(1); run Crash()
	}
}

#ifdef PROGRESS
ltl turn { <> (served[0] && served[1]) }
#endif
