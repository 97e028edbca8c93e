/*
 * The lock with ForceRelease, fencing, and lock files that are removed or replaced.
 *
 * Each step of the model is one system call of the code:
 *   attempt   internal/lock: Spec.attempt    open PATH.lock, or make it with O_EXCL
 *   wait      internal/lock: waitOnThread    flock(2), and the comparison once a second
 *   confirm   internal/lock: Spec.confirm    is the locked inode still at the path?
 *   sweep     internal/disk: sweepIfDue      remove the temps that dead holders left
 *   load      internal/disk: file.Load
 *   temp      internal/disk: file.Prepare    the new content is complete under a temp name
 *   check     internal/lock: Held.Check      by prepared.check, right before the rename
 *   rename    internal/replace: Temp.Commit
 *   unlock    internal/lock: Held.Release
 *   Force     internal/disk: Disk.Force; internal/lock: Spec.Supplant
 *
 * Assumptions:
 *   - flock(2) excludes, and the kernel frees the lock of a process that dies.
 *   - rename(2) is atomic, and fails if its source is gone. Inode numbers of open files are not used again.
 *   - One ForceRelease runs at a time.
 *   - Nobody but ForceRelease takes the lock file away between a holder's last check and its rename (see NO_WINDOW).
 * Left out: the comparison of the file's version before the rename. So the lock alone must prevent a lost update.
 *
 * ErrLockLost without a cause is excluded, with one exception that the model shows: a sweep or a ForceRelease
 * that loses its own lock before it removes temps may remove the temp of the next holder. The next holder then gets ErrLockLost
 * and has written nothing.
 *
 * run safety
 * run progress
 * fault safety NO_CHECK          !(revoked[me])        no comparison of the lock with the path before the rename
 * fault safety CHECK_EARLY       !(revoked[me])        the comparison comes before the temp is complete
 * fault safety NO_TEMP_REMOVAL   !(revoked[me])        ForceRelease leaves the temps
 * fault safety UNLOCK_FIRST      took[me]        ForceRelease unlocks before it removes the temps
 * fault safety SUPPLANT_UNLOCKED (data==r)        ForceRelease puts a lock file there that is not locked
 * fault safety UNLINK_LOCK       (data==r)        the holder removes the lock file when it unlocks, and nobody compares
 * fault safety NO_CONFIRM        took[me]        no comparison of the locked inode with the path after flock(2)
 * fault safety SWEEP_UNLOCKED    took[me]        temps are swept before the lock is taken
 * fault safety NO_WINDOW         (data==r)        the lock file is removed between the last check and the rename
 * fault progress NO_IDENTITY     acceptance cycle  a waiter stays at the inode that it has opened
 */
#define WRITERS 2
#define FORCER  (WRITERS + 1)  /* in lock[]; a writer is there by its number plus 1 */
#define INODES  8

byte path;              /* the inode at PATH.lock; 0: there is none */
byte last;              /* the newest inode */
byte lock[INODES];      /* who has the flock of an inode; 0: nobody */
bool temp[WRITERS];     /* the temp of a writer is in the directory */
byte data, changes;     /* the number of the change that the file holds; the number of changes made */

/* What only assertions look at. */
bool holds[WRITERS], window[WRITERS];  /* from confirm to unlock; from check to rename */
bool took[WRITERS];                    /* the lock was taken away, or temps were removed by somebody without the lock */
bool victim[WRITERS], revoked[WRITERS];/* a ForceRelease has taken the lock away; and has returned */
bool ended[WRITERS];
byte deaths;
bool hung;

inline takeAway() {
	took[0] = took[0] || holds[0];
	took[1] = took[1] || holds[1];
}

/* A process removes temps and has lost its own lock. */
inline excuse() { if :: path != ino -> takeAway() :: else fi }

inline unlock() {
	d_step {
#ifdef UNLINK_LOCK
		if :: path == ino -> path = 0 :: else fi;
#endif
		lock[ino] = 0; holds[me] = false; window[me] = false
	}
}

/* A process that is killed leaves its temp, and the kernel frees its lock. */
inline die() {
	atomic { deaths == 0 -> deaths++; lock[ino] = 0; holds[me] = false; window[me] = false; goto dead }
}

#if defined(NO_CONFIRM) || defined(UNLINK_LOCK)
#define CONFIRMED true
#else
#define CONFIRMED (path == ino)
#endif

proctype Writer(byte me) {
	byte ino, r, rounds;
	do
	:: rounds == 2 -> break
	:: rounds < 2 -> rounds++;
attempt:
		if
		:: atomic { path == 0 -> last++; path = last }; goto attempt
		:: atomic { path != 0 -> ino = path }
		fi;
#ifdef SWEEP_UNLOCKED
		d_step { temp[0] = false; temp[1] = false };
#endif
		if /* wait */
		:: atomic { lock[ino] == 0 -> lock[ino] = me + 1 }
#ifndef NO_IDENTITY
		:: path != ino -> goto attempt
#endif
		fi;
		if /* confirm */
		:: !CONFIRMED -> lock[ino] = 0; goto attempt
		:: d_step { CONFIRMED -> holds[me] = true; took[me] = false; victim[me] = false; revoked[me] = false }
		fi;
#ifndef SWEEP_UNLOCKED
		if
		:: d_step { excuse(); temp[0] = false; temp[1] = false }
		:: skip
		fi;
#endif
		r = data; /* load */
#ifdef PROGRESS
		if :: me == 0 -> hung = true; false :: else fi; /* a user's function that hangs */
#endif
#ifdef CHECK_EARLY
		if :: path != ino -> goto lost :: path == ino fi;
		temp[me] = true; window[me] = true;
#else
		temp[me] = true;
#if !defined(NO_CHECK) && !defined(UNLINK_LOCK)
		if
		:: path != ino -> temp[me] = false; goto lost
		:: d_step { path == ino -> window[me] = true }
		:: die()
		fi;
#endif
#endif
		if /* rename */
		:: d_step { temp[me] -> temp[me] = false; window[me] = false;
			assert(data == r); assert(!revoked[me]); changes++; data = changes }
		:: !temp[me] -> goto lost
		:: die()
		fi;
		unlock();
		goto next;
lost:		/* ErrLockLost: nothing was written */
		d_step { assert(took[me]); unlock() };
next:		skip
	od;
dead:	ended[me] = true
}

#ifdef PROGRESS
#define FORCES    1
#define FORCE_DUE hung
#else
#define FORCES    1
#define FORCE_DUE true
#endif

proctype Force() {
	byte ino, rounds;
	bool listed[WRITERS];
end:	do
	:: rounds == FORCES -> break
	:: atomic { rounds < FORCES && path != 0 && FORCE_DUE -> rounds++; last++; ino = last;
#ifndef SUPPLANT_UNLOCKED
		lock[ino] = FORCER
#endif
		};
		d_step { path = ino; takeAway(); victim[0] = holds[0]; victim[1] = holds[1] };
#ifdef SUPPLANT_UNLOCKED
		atomic { lock[ino] == 0 -> lock[ino] = FORCER };
#endif
#ifdef UNLOCK_FIRST
		lock[ino] = 0;
#endif
#ifndef NO_TEMP_REMOVAL
		d_step { listed[0] = temp[0]; listed[1] = temp[1] };
		d_step { excuse(); if :: listed[0] -> temp[0] = false :: else fi };
		d_step { excuse(); if :: listed[1] -> temp[1] = false :: else fi };
#endif
		d_step { revoked[0] = victim[0]; revoked[1] = victim[1] };
#ifndef UNLOCK_FIRST
		lock[ino] = 0
#endif
	od
}

#ifdef NO_WINDOW
#define ASSUMED true
#else
#define ASSUMED (!window[0] && !window[1])
#endif

/* Somebody removes the lock file. The next writer makes another. */
proctype Remove() {
end:	d_step { path != 0 && ASSUMED -> path = 0; takeAway() }
}

init {
	atomic {
		run Writer(0); run Writer(1); run Force();
#ifndef PROGRESS
		run Remove()
#endif
	}
}

#ifdef PROGRESS
/* A waiter gets the lock although its holder hangs, once somebody forces the lock. */
ltl turn { <> ended[1] }
#endif
