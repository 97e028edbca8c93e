/*
 * The store on etcd: the lock with leases that expire, commits whose answers are lost, and commits that arrive late.
 *
 * Each step is one request to the cluster:
 *   enqueue   lockedfile/etcd: Store.queue        put the key of the lock, on a lease
 *   look      lockedfile/etcd: session.await      who came before? If nobody, the content comes with the answer
 *   wait      lockedfile/etcd: Store.gone         a watch of the one before, and another look once in a TTL
 *   Commit    lockedfile/etcd: Store.attempt, session.holds, change.based, change.refusal     one Txn
 *   settle    lockedfile/etcd: session.settle     write the lock's key again, if the commit was not made
 *   history   lockedfile/etcd: session.history    was the commit made before the key went?
 *   release   lockedfile/etcd: session.Release, Store.unlock, Store.drop
 *
 * A content is a set of changes, and each transaction adds its own.
 *
 * Assumptions:
 *   - A Txn of etcd is atomic, and all requests have one order (etcd calls this strict serializability).
 *   - A request may be carried out late, also after its sender has given up, and its answer may be lost. The client sends a
 *     request that writes only once (clientv3's retry policy nonRepeatable).
 *   - A lease may expire at any time, also early, while its holder runs or is stopped.
 *   - The history of the lock's key is there when it is asked for. If it was compacted, the caller gets ErrNotDurable, as at unknown.
 * Left out: TryLock, which is enqueue and look in one request; several files, which are in the same Txn; WriteIf and backups.
 *
 * run safety
 * run safety AGAIN
 * run progress
 * fault safety NO_FENCE        mine        the Txn compares nothing of the lock's key, neither its create revision nor who has changed it last
 * fault safety NO_VERSION      content     the Txn does not compare the file's revision
 * fault safety NO_LAST_WRITE   mine        the Txn does not compare who has changed the lock's key last
 * fault safety SETTLE_READS mine         a lost answer is settled by a look at the file, and the commit may still arrive
 * fault safety RETRY_BLIND mine         after a lost answer the change is made once more on the new content
 * fault safety NO_HISTORY mine         a key that is gone counts as a commit that was not made
 * fault safety ACK_UNKNOWN mine         no answer counts as a commit that was made
 * fault safety NO_QUEUE        create      a waiter does not look who came before
 * fault progress NO_LEASE      acceptance cycle  the key of a holder that hangs never goes
 * fault progress NO_LOOK       acceptance cycle  a waiter relies on its watch, whose connection may hang
 */
#define CLIENTS 2
/* Two runs, since one with all of it is too large: two transactions of a client; or one that is tried twice. */
#if defined(AGAIN) || defined(RETRY_BLIND) || defined(PROGRESS)
#define ROUNDS  1
#define TRIES   2               /* of one transaction */
#else
#define ROUNDS  (2 - me)        /* transactions of a client */
#define TRIES   1
#endif

byte revision = 1;
byte file, fileRevision;                /* its changes; the revision of the last one */
byte create[CLIENTS], mod[CLIENTS];     /* of the key of a client's lock; create 0: there is none */
byte wrote[CLIENTS];                    /* the id of the request that has changed it last */
bool made[CLIENTS * 8];                 /* the history: the ids of the commits that were made */
byte answered[CLIENTS], result[CLIENTS];/* the id of the last commit that was answered, and how it ended */
#define MADE    1
#define LOST    2
#define CHANGED 3

byte refused;                           /* changes whose callers were told that nothing was written */
bool hung, deaf, served;

/* No key of another client was made before. */
#define first (create[1 - me] == 0 || create[1 - me] > create[me])

#ifdef NO_QUEUE
#define MY_TURN true
#else
#define MY_TURN first
#endif
#ifdef NO_FENCE
#define HOLDS   true
#else
#define HOLDS   (create[me] == created)
#endif
#if defined(NO_LAST_WRITE) || defined(NO_FENCE)
#define UNTOUCHED true
#else
#define UNTOUCHED (mod[me] == changed)
#endif
#ifdef NO_VERSION
#define UNCHANGED true
#else
#define UNCHANGED (fileRevision == based)
#endif

/* One request on its way. */
proctype Commit(byte me; byte id; byte created; byte changed; byte based; byte content; byte mine) {
	byte how;
	atomic {
		if
		:: HOLDS && UNTOUCHED && UNCHANGED ->
			assert(create[me] != 0 && first);
			assert((file & ~content) == 0);         /* no change is lost */
			assert((file & mine) == 0);              /* each is made once */
			assert((refused & mine) == 0);
			revision++; file = content; fileRevision = revision; mod[me] = revision; wrote[me] = id; made[id] = true;
			how = MADE
		:: else ->
			if
			:: create[me] != created || mod[me] != changed -> how = LOST
			:: else -> how = CHANGED
			fi
		fi;
		if
		:: answered[me] = id; result[me] = how
		:: skip /* the answer is lost */
		fi
	}
}

#define SETTLED(id) (100 + id)
#define SEND run Commit(me, id, created, changed, based, content, mine)

proctype Client(byte me) {
	byte created, changed, based, content, mine, id, rounds, attempts;
	do
	:: rounds == ROUNDS -> break
	:: rounds < ROUNDS ->
		mine = 1 << (me * 2 + rounds); rounds++; attempts = 0;
enqueue:	atomic { revision++; create[me] = revision; mod[me] = revision; wrote[me] = 0; created = revision; changed = revision };
look:		atomic {
			if
			:: create[me] != created -> goto enqueue /* the place in the queue is lost */
			:: create[me] == created && MY_TURN -> based = fileRevision; content = file | mine; goto commit
			:: create[me] == created && !MY_TURN
			fi
		};
		if /* wait */
		:: create[1 - me] == 0 && !deaf -> goto look
#ifndef NO_LOOK
		:: goto look
#endif
		fi;
commit:
#ifdef PROGRESS
		if :: me == 0 -> hung = true; false :: else fi; /* a function that hangs */
#endif
		atomic { attempts++; id = me * 8 + rounds * TRIES + attempts - 1; SEND };
		if
		:: atomic { answered[me] == id ->
			if :: result[me] == MADE -> changed = mod[me]; goto acknowledge :: else -> goto refuse fi }
		:: skip /* no answer in time */
		fi;
#ifdef RETRY_BLIND
		if :: attempts < TRIES -> atomic { created = create[me]; changed = mod[me]; based = fileRevision; content = file | mine }; goto commit :: else -> goto unknown fi;
#endif
#ifdef ACK_UNKNOWN
		goto acknowledge;
#endif
settle:		atomic {
			if
#ifdef SETTLE_READS
			:: create[me] == created && !made[id] ->
#else
			:: create[me] == created && mod[me] == changed -> revision++; mod[me] = revision; wrote[me] = SETTLED(id);
#endif
				if
				:: changed = mod[me]; /* the commit was not made, and will never be */
					if :: attempts < TRIES -> goto commit :: else -> goto refuse fi
				:: goto settle /* the answer is lost */
				:: goto unknown
				fi
			:: create[me] == created && wrote[me] == id -> goto acknowledge
#ifndef SETTLE_READS
			:: create[me] == created && wrote[me] == SETTLED(id) -> changed = mod[me];
				if :: attempts < TRIES -> goto commit :: else -> goto refuse fi
#endif
			:: create[me] != created ->
#ifdef NO_HISTORY
				goto refuse
#else
				if :: made[id] -> goto acknowledge :: else -> goto refuse fi
#endif
			fi
		};
acknowledge:	atomic { assert((file & mine) != 0); goto release };
refuse:		atomic { assert((file & mine) == 0); refused = refused | mine; goto release };
unknown:	skip; /* ErrNotDurable */
release:	atomic {
			if
			:: if :: create[me] == created -> create[me] = 0; mod[me] = 0; wrote[me] = 0 :: else fi
			:: skip /* no answer: the key goes with its lease */
			fi;
			created = 0; changed = 0; based = 0; content = 0; id = 0; mine = 0; answered[me] = 0; result[me] = 0
		}
	od;
	if :: me == 1 -> served = true :: else fi
}

proctype Leases() {
	byte expired;
end:	do
#ifdef PROGRESS
#ifdef NO_LEASE
#define RENEWED true
#else
#define RENEWED false
#endif
	:: hung && !RENEWED && create[0] != 0 -> create[0] = 0 /* its process was stopped, so nobody renews it */
#else
	:: atomic { expired < 1 -> expired++;
		if
		:: create[0] = 0; mod[0] = 0; wrote[0] = 0
		:: create[1] = 0; mod[1] = 0; wrote[1] = 0
		fi }
#endif
	od
}

/* Somebody without the lock changes the file, once. */
proctype Outside() {
end:	atomic { revision++; file = file | 128; fileRevision = revision }
}

#ifdef PROGRESS
proctype Network() { end: deaf = true }
#endif

init {
	atomic {
		run Client(0); run Client(1); run Leases();
#ifdef PROGRESS
		run Network()
#endif
#if !defined(PROGRESS) && !defined(AGAIN)
		run Outside()
#endif
	}
}

#ifdef PROGRESS
/* A waiter gets its turn although the holder hangs. */
ltl turn { <> served }
#endif
