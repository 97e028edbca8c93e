/*
 * The checksum sidecar: power cuts and kills at every step, refused commits, damage, and a racing reader.
 *
 *   begin     internal/disk: newSeal, recall       read the sidecar; if it has several digests, or none, hash the content
 *   temp      internal/disk: file.Prepare          the new content, complete and fsynced under a temp name
 *   announce  internal/disk: seal.announce         sidecar {new, previous}: temp, fsync, rename, directory fsync
 *   commit    internal/disk: prepared.replace; internal/replace: Temp.Commit     rename, directory fsync
 *   finish    internal/disk: seal.finish           sidecar {new}; or takeBack, which restores the sidecar from before
 *   remove    internal/disk: prepared.remove       the file, then the sidecar, then the directory fsync
 *   Reader    internal/disk: openPair, readPair    open the file, read the sidecar, does the path still name the file?
 *
 * Assumptions:
 *   - rename(2) is atomic, also in a power cut. The kernel may write back each name at any time and in any order.
 *     A name is on the disk for certain only after an fsync of its directory.
 *   - What a killed process has changed in the directory is written back before what a later process changes there, as with
 *     a journal of the filesystem (see NO_KILL_ORDER). Without a kill before the power cut this is not needed.
 *   - A content that was not fsynced may be anything after a power cut.
 *   - No two contents have the same digest. Damage happens only to a file with an acknowledged sidecar.
 *   - The lock excludes other writers (see lock.pml). A writer that is killed is followed by another.
 * Left out: files that are rewritten in place, and access rights.
 *
 * run safety
 * run progress
 * fault safety NO_ANNOUNCE       !(unsealed)    the file comes before the sidecar
 * fault safety NO_PREVIOUS       !(falseAlarm)  the announced sidecar has only the new digest
 * fault safety NO_ANNOUNCE_SYNC  !(falseAlarm)  no directory fsync after the announcement
 * fault safety NO_TEMP_FSYNC     !(lost)        no fsync of the new content
 * fault safety NO_SIDE_FSYNC     !(falseAlarm)  no fsync of the sidecar's temp
 * fault safety NO_COMMIT_SYNC    !(lost)        no directory fsync after the rename
 * fault safety NO_RECALL         !(falseAlarm)  after a crash only the newest digest of the sidecar is carried on
 * fault safety BLESS             !(blessed)     the previous digest is always that of the content
 * fault safety NO_TAKE_BACK      !(falseAlarm)  after a refused commit the sidecar has only the new digest
 * fault safety SIDECAR_FIRST     !(blessed)     a removal takes the sidecar away first
 * fault safety NO_RECHECK        !(falseAlarm)  the reader does not compare the path with the open file
 * fault safety ABSENT_MISMATCH   !(falseAlarm)  the reader takes a missing sidecar for a mismatch
 * fault safety NO_KILL_ORDER     !(falseAlarm)  the changes of a killed process and of the next one are written back in any order
 * fault progress STALE_RETRY     acceptance cycle  the reader starts over without opening the file again
 */
#define ABSENT     0
#define WRITES     3           /* each write has a content of its own: 1, 2, 3 */
#define DAMAGED    4           /* a content that nobody has written */
#define TORN       5           /* what a power cut leaves of a content that was not fsynced */
#define FIRST      6           /* the content before the first write */
#define CRASHES    2
#define DIGEST(c)  (1 << (c))  /* a sidecar is the set of the digests that it accepts; 0: there is none */
#define UNREADABLE 128         /* a sidecar without a digest */

typedef Disk { byte content, side; bool sideTorn };
Disk now, stored;              /* what processes see; what a power cut leaves */
Disk killed; bool older;       /* what a killed process has left, if it is not yet written back */
byte unsynced;                 /* the set of contents without an fsync */
byte writes, crashes, epoch;   /* epoch counts power cuts, which end the reader too */

/* What only assertions look at. */
byte may;                      /* the set of contents that a power cut may leave */
bool sealed, removing, cut;    /* the sidecar is acknowledged; a removal has begun; a power cut came meanwhile */
bool falseAlarm, blessed, unsealed, lost, readerDone;

inline powerCut() {
	d_step {
		epoch++;
		if :: removing -> cut = true; removing = false :: else fi;
		if :: unsynced & DIGEST(stored.content) -> stored.content = TORN :: else fi;
		if :: stored.sideTorn -> stored.side = UNREADABLE; stored.sideTorn = false :: else fi;
		lost = lost || !(may & DIGEST(stored.content)); assert(!lost);
		now.content = stored.content; now.side = stored.side; now.sideTorn = false; older = false;
		may = DIGEST(now.content)
	}
}

inline kill() {
#ifndef NO_KILL_ORDER
	older = true; killed.content = now.content; killed.side = now.side; killed.sideTorn = now.sideTorn;
#endif
	skip
}

/* Before each step the process may be killed, or the power be cut. Then another writer begins. */
inline step() {
	if
	:: atomic { crashes < CRASHES -> crashes++; kill(); goto begin }
	:: atomic { crashes < CRASHES -> crashes++; powerCut(); goto begin }
	:: skip
	fi
}

inline syncDirectory() {
	step();
	d_step { stored.content = now.content; stored.side = now.side; stored.sideTorn = now.sideTorn;
		older = false; removing = false }
}

/* seal.writeSidecar, and seal.unseal if no digest is left. The temp of the sidecar is fsynced before the rename. */
inline writeSidecar(digests) {
	step();
#ifdef NO_SIDE_FSYNC
	d_step { now.side = digests; now.sideTorn = (digests != 0) };
#else
	now.side = digests;
#endif
	skip
}

inline newest(digests) {
	if
	:: digests & DIGEST(3) -> previous = DIGEST(3)
	:: !(digests & DIGEST(3)) && digests & DIGEST(2) -> previous = DIGEST(2)
	:: else -> previous = digests & DIGEST(1)
	fi
}

inline recall() {
	d_step {
		before = now.side; old = now.content;
		if
		:: old == ABSENT -> previous = 0
		:: old != ABSENT && before == 0 -> previous = DIGEST(old)
		:: old != ABSENT && (before & (before - 1)) ->
#ifdef NO_RECALL
			newest(before)
#else
			if :: before & DIGEST(old) -> previous = DIGEST(old) :: else -> previous = before fi
#endif
		:: else -> previous = before & ~UNREADABLE
		fi;
#ifdef BLESS
		if :: old != ABSENT -> previous = DIGEST(old) :: else fi;
#endif
#ifdef NO_PREVIOUS
		previous = 0
#endif
	}
}

#ifdef NO_ANNOUNCE
#define FINISH true
#else
#define FINISH (previous != 0)
#endif

proctype Writer() {
	byte n, before, previous, old;
begin:	atomic { n = 0; before = 0; previous = 0; old = 0 };
	do
	:: atomic { writes < WRITES -> writes++; n = writes };
		recall();
		step(); unsynced = unsynced | DIGEST(n); /* temp */
#ifndef NO_TEMP_FSYNC
		step(); unsynced = unsynced & ~DIGEST(n);
#endif
#ifndef NO_ANNOUNCE
		writeSidecar(DIGEST(n) | previous);
#ifndef NO_ANNOUNCE_SYNC
		syncDirectory();
#endif
#endif
		step();
		if
		:: d_step { now.content = n; may = may | DIGEST(n) }; /* commit */
#ifndef NO_COMMIT_SYNC
			syncDirectory();
#endif
			if
			:: FINISH -> writeSidecar(DIGEST(n)); syncDirectory()
			:: else
			fi;
			d_step { may = DIGEST(now.content); sealed = true; cut = false }
		:: true -> /* the lock was lost, or the file has changed */
#ifdef NO_TAKE_BACK
			writeSidecar(DIGEST(n));
#else
			writeSidecar(before);
#endif
			syncDirectory()
		fi;
		n = 0
	:: atomic { writes < WRITES && now.content != ABSENT -> writes++; removing = true; sealed = false };
		step();
#ifdef SIDECAR_FIRST
		now.side = 0;
		step();
#endif
		d_step { now.content = ABSENT; may = may | DIGEST(ABSENT) };
		step();
		now.side = 0;
		syncDirectory();
		may = DIGEST(now.content)
	:: atomic { crashes < CRASHES -> crashes++; powerCut() }
	:: writes == WRITES -> break
	od
}

/* The kernel writes a name back when it likes. */
proctype Writeback() {
end:	do
	:: atomic { older && stored.content != killed.content -> stored.content = killed.content }
	:: atomic { older && stored.side != killed.side -> stored.side = killed.side; stored.sideTorn = killed.sideTorn }
	:: atomic { older && stored.content == killed.content && stored.side == killed.side -> older = false }
	:: atomic { !older && stored.content != now.content -> stored.content = now.content }
	:: atomic { !older && stored.side != now.side -> stored.side = now.side; stored.sideTorn = now.sideTorn }
	od
}

/* A content on the disk changes by itself. */
proctype Damage() {
end:	d_step { sealed && now.content != ABSENT && now.content == stored.content && !older ->
		now.content = DAMAGED; stored.content = DAMAGED; may = may | DIGEST(DAMAGED) }
}

proctype Reader() {
	byte content, side, at;
	bool excused; /* the file is left from a removal that a power cut has ended: its sidecar may be gone */
again:	atomic { at = epoch; content = now.content };
	if
	:: content == ABSENT -> goto done
	:: content != ABSENT
	fi;
look:	atomic {
		if :: epoch != at -> goto again :: epoch == at fi;
		side = now.side; excused = cut
	};
	atomic {
		if
		:: epoch != at -> goto again
#ifdef STALE_RETRY
		:: epoch == at && now.content != content -> goto look
#elif !defined(NO_RECHECK)
		:: epoch == at && now.content != content -> goto again
#endif
		:: else
		fi
	};
	d_step {
		if
		:: side == 0 ->
#ifdef ABSENT_MISMATCH
			falseAlarm = true;
#endif
			unsealed = sealed && !excused && now.content == content
		:: side & DIGEST(content) -> blessed = !excused && (content == DAMAGED || content == TORN)
		:: else -> falseAlarm = (content != DAMAGED)
		fi;
		assert(!falseAlarm); assert(!blessed); assert(!unsealed)
	};
done:	readerDone = true
}

init {
	atomic {
		if :: now.content = FIRST :: now.content = ABSENT fi;
		stored.content = now.content;
		may = DIGEST(now.content);
		run Writer(); run Reader(); run Writeback(); run Damage()
	}
}

#ifdef PROGRESS
/* A reader gets a version. */
ltl verdict { <> readerDone }
#endif
