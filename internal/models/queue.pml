/*
 * The queue of a file in two processes: turns, tenure of the lock, group commit, savepoints, and disks that fail.
 *
 *   enqueue   internal/engine: entry.enqueue
 *   advance   internal/engine: entry.advance, tenure.takes, entry.over, entry.release
 *   begin     internal/engine: entry.begin, fairness.pause     leave the lock free, take it, read the file
 *   perform   internal/engine: entry.perform, Tx.join, Tx.rollBack     the user's function, with a savepoint
 *   stage     internal/engine: entry.stage, tenure.batchFor, batch.add
 *   lead      internal/engine: entry.lead            wait for the batch before, then commit
 *   finish    internal/engine: entry.finish, tenure.fail       wake the followers; a failure ends the tenure
 *   Clock     internal/engine: entry.linger     and the end of the 5 ms in which a tenure takes functions
 *
 * A content is a set of changes; each function adds its own. Steps under the entry's mutex are atomic.
 *
 * Assumptions:
 *   - The lock excludes processes (see lock.pml), and a commit is atomic and durable, or fails and changes nothing.
 *   - For progress: SPAN functions stand for the 5 ms of a tenure. A process that is blocked in flock(2) gets the lock within the
 *     200 us for which it is left free after that. For safety, time may pass at any moment.
 * Left out: kills, gathering, timeouts, ForceRelease, different options, and appends.
 *
 * A test of the engine records its events; see IS below and internal/engine/model_test.go. With TRACE, the model makes only
 * the steps that a record allows, so that it shows whether it can do what the engine has done.
 *
 * run safety
 * long safety MORE
 * run progress
 * fault safety ACK_EARLY      disk       a follower does not wait for the commit
 * fault safety READ_EARLY     disk       a function that only reads does not wait for the commit of what it has read
 * fault safety OPEN_BATCH     disk       a function joins a batch that is already being written
 * fault safety NO_ORDER       lock       a leader does not wait for the batch before
 * fault safety NO_CASCADE     refused    the batches after a failed commit are written all the same
 * fault safety NO_ERROR       refused    a function that ran during the failed commit is staged all the same
 * fault safety RELEASE_EARLY  lock       the lock is released while a commit is under way
 * fault safety KEEP_STATE     disk       the state of the last tenure is used without reading the file
 * fault safety NO_ROLLBACK    refused    the writes of a joined function that failed stay
 * fault progress NO_SPAN      acceptance cycle  a tenure takes functions without an end
 * fault progress NO_PAUSE     acceptance cycle  the lock is taken again at once
 */
/* The last of the callers is in process 1, the others are in process 0. */
#ifdef PROGRESS
#define CALLERS 3
#define BATCHES 4       /* one that is committed, one that is staged, and one that a caller may still ask for */
#define CHANGE  0       /* contents are of no concern */
#define MAYFAIL false
#else
#if defined(MORE) || defined(TRACE)
#define CALLERS 4
#else
#define CALLERS 3
#endif
#define BATCHES 8
#define CHANGE  (1 << me)
#define MAYFAIL true
#endif
#ifdef MORE
#define MAYREAD (MAYFAIL && me != 1) /* one caller always writes, which leaves a third of the states */
#else
#define MAYREAD MAYFAIL
#endif
#define SPAN    2

/* A record says which event comes next, and who is in it. Without one, every event may come. */
#define LOCKS    1
#define UNLOCKS  2
#define WRITES   3
#define READS    4
#define UNDOES   5      /* a joined function writes and fails, and the outer one returns nil */
#define COMMITS  6
#define BREAKS   7      /* a commit fails */
#define SUCCEEDS 8
#define FAILS    9
#ifdef TRACE
#include "trace.h"      /* next and STEP */
#define IS(event, who, content) (next == event * 256 + (who) * 16 + (content))
#else
#define STEP skip
#define IS(event, who, content) true
#endif

typedef Entry {
	bool busy;              /* a function has the turn */
	bool tenure, closed;    /* the lock is held; no further function is taken */
	bool failed;            /* a commit of the tenure has failed */
	byte taken, held;       /* functions of this tenure, and since the lock was last left free */
	byte state;             /* with all that is staged */
	byte staged, committing;/* batches; 0: none */
	byte last               /* the newest batch */
};
typedef Batch { byte state; bool over, failed };

Entry e[2];
Batch batch[16];        /* those of process 0, then those of process 1 */
chan queue[2] = [CALLERS] of { byte };
bool turn[CALLERS], blocked[2], pausing[2];
byte disk, lock;        /* lock: who holds it, by its process plus 1; 0: nobody */

byte acked, refused;    /* the changes whose callers were told that they are durable, or that they failed */
bool served;

#define B(n) batch[p * BATCHES + (n)]

#if defined(PROGRESS) && !defined(NO_SPAN)
#define TAKES (!e[p].closed && e[p].taken < SPAN)
#else
#define TAKES (!e[p].closed)
#endif
#ifdef RELEASE_EARLY
#define IDLE (!e[p].busy && !e[p].staged)
#else
#define IDLE (!e[p].busy && !e[p].staged && !e[p].committing)
#endif
#define CAN_GRANT (!e[p].busy && len(queue[p]) > 0 && (!e[p].tenure || TAKES))

inline grant() { queue[p]?head; e[p].busy = true; turn[head] = true }

/* The head of the queue waits for the next tenure. */
inline refuse() {
	if :: !e[p].busy && len(queue[p]) > 0 && e[p].tenure -> e[p].closed = true :: else fi
}

/* The turn goes to the head of the queue. If the tenure does not take it, or has nothing left to do, the tenure ends. */
inline advance() {
	do
	:: CAN_GRANT -> grant()
	:: else ->
		refuse();
		if
		:: e[p].tenure && IDLE && IS(UNLOCKS, p, 0) -> STEP;
			e[p].tenure = false; e[p].closed = false; e[p].failed = false; e[p].taken = 0;
#ifndef KEEP_STATE
			e[p].state = 0;
#endif
			if :: lock == p + 1 -> lock = 0 :: else fi;
			pausing[p] = (e[p].held >= SPAN && blocked[1 - p])
#ifndef PROGRESS
		:: e[p].tenure && IDLE -> break /* it lingers, or the lock is about to be released */
#endif
		:: !(e[p].tenure && IDLE) -> break
		fi
	od
}

proctype Caller(byte me; byte p) {
	byte head, read, write, after, mine, before;
	bool changed, leads, wrong;
again:	atomic { /* enqueue: a tenure with nothing to do has ended already, or lingers */
		queue[p]!me;
		if :: CAN_GRANT -> grant() :: else -> refuse() fi
	};
	atomic { turn[me] -> turn[me] = false };
	if /* begin */
	:: !e[p].tenure ->
#if defined(PROGRESS) && !defined(NO_PAUSE)
		!pausing[p];
#endif
		do
#ifdef PROGRESS
		:: atomic { lock != 0 && !blocked[p] -> blocked[p] = true }
#endif
		:: atomic { lock == 0 && IS(LOCKS, p, 0) -> STEP;
			lock = p + 1; blocked[p] = false; pausing[1 - p] = false; e[1 - p].held = 0; e[p].tenure = true;
#ifdef KEEP_STATE
			if :: e[p].state == 0 -> e[p].state = disk :: else fi;
#else
			e[p].state = disk;
#endif
			break }
		od
	:: e[p].tenure
	fi;
	atomic { /* perform: the function gets the staged state, and the batch that it may have read from */
#ifdef PROGRESS
		if :: e[p].taken < SPAN -> e[p].taken++ :: else fi;
		if :: e[p].held < SPAN -> e[p].held++ :: else fi;
#endif
		read = e[p].state; changed = true; leads = false;
		after = (e[p].staged -> e[p].staged : e[p].committing)
	};
	atomic {
		if
		:: IS(WRITES, me, read) -> STEP; write = read | CHANGE
		:: MAYREAD && IS(READS, me, read) -> STEP; changed = false
		:: MAYREAD && IS(UNDOES, me, read) -> STEP;
			refused = refused | CHANGE; write = read | CHANGE;
#ifndef NO_ROLLBACK
			write = read; changed = false
#endif
		fi
	};
	atomic { /* stage */
		mine = after; wrong = e[p].failed;
#ifdef NO_ERROR
		wrong = false;
#endif
		if
		:: changed && !wrong ->
			if
			:: e[p].staged -> mine = e[p].staged
#ifdef OPEN_BATCH
			:: !e[p].staged && e[p].committing -> mine = e[p].committing
#endif
			:: else ->
				before = e[p].committing;
				e[p].last = (e[p].last % (BATCHES - 1)) + 1;
				mine = e[p].last; e[p].staged = mine; leads = true;
				B(mine).over = false; B(mine).failed = false
			fi;
			B(mine).state = write; e[p].state = write
		:: else
		fi;
		e[p].busy = false;
		advance()
	};
	if
	:: wrong -> goto fail
	:: !wrong && leads ->
#ifndef NO_ORDER
		before == 0 || B(before).over;
#endif
		atomic {
			if
			:: B(mine).over -> goto fail /* with the batch before */
			:: else -> e[p].staged = 0; e[p].committing = mine; write = B(mine).state
			fi
		};
		atomic { /* the commit */
			if
			:: IS(COMMITS, p, write) -> STEP;
				assert(lock == p + 1);
				assert((acked & ~write) == 0); assert((refused & write) == 0);
				disk = write; wrong = false
			:: MAYFAIL && IS(BREAKS, p, write) -> STEP; wrong = true
			fi
		};
		atomic { /* finish; the followers are awake before the lock is released */
			B(mine).over = true; B(mine).failed = wrong; e[p].committing = 0;
			if
			:: wrong ->
				e[p].failed = true; e[p].closed = true;
#ifndef NO_CASCADE
				if
				:: e[p].staged -> B(e[p].staged).over = true; B(e[p].staged).failed = true; e[p].staged = 0
				:: else
				fi
#endif
			:: else
			fi;
			advance()
		};
		if :: wrong -> goto fail :: else fi
	:: !wrong && !leads && mine ->
		if
#ifdef ACK_EARLY
		:: changed
#endif
#ifdef READ_EARLY
		:: !changed
#endif
		:: B(mine).over -> if :: B(mine).failed -> goto fail :: else fi
		fi
	:: !wrong && !leads && !mine
	fi;
	atomic { /* the caller is told that its change, and what it has read, is durable */
		IS(SUCCEEDS, me, 0) -> STEP;
		assert((read & ~disk) == 0);
		if :: changed && (write & CHANGE) == CHANGE && !(refused & CHANGE) -> assert((disk & CHANGE) == CHANGE); acked = acked | CHANGE :: else fi
	};
	goto told;
fail:	atomic { IS(FAILS, me, 0) -> STEP; assert((disk & CHANGE) == 0); refused = refused | CHANGE };
told:	atomic {
		read = 0; write = 0; after = 0; mine = 0; before = 0; changed = false; leads = false; wrong = false;
		if
		:: p == 1 -> served = true
		:: p == 0 ->
#ifdef PROGRESS
			goto again
#else
			skip
#endif
		fi
	}
}

#ifndef PROGRESS
proctype Clock(byte p) {
	byte head;
end:	do
	:: atomic { e[p].tenure -> e[p].closed = true; advance() }
	od
}
#endif

#ifdef TRACE
proctype Monitor() { end: next == 0 -> ACCEPTED }
#endif

init {
	atomic {
#ifdef TRACE
		CHOOSE;
		run Monitor();
#endif
		run Caller(CALLERS - 1, 1);
		run Caller(0, 0); run Caller(1, 0);
#ifndef PROGRESS
#if CALLERS > 3
		run Caller(2, 0);
#endif
		run Clock(0); run Clock(1)
#endif
	}
}

#ifdef PROGRESS
/* A caller of the other process is served although callers of this one never stop. */
ltl turns { <> served }
#endif
