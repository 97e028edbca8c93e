"""Counts up in a JSON file beside Go processes, until standard input ends.

Usage: counter.py PATH NAME WORKLOAD

It holds py-filelock's lock on PATH.lock while it reads, counts and replaces,
and says so in the same words as the other workers.
"""
import json
import os
import sys
import threading

from filelock import FileLock

path, name, workload = sys.argv[1:]
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()


def say(what, id):
    line = json.dumps({"from": name, "what": what, "in": workload, "id": id})
    os.write(1, line.encode() + b"\n")


def count():
    # Polled often, since the lock is mostly busy.
    with FileLock(path + ".lock").acquire(poll_interval=0.0005):
        try:
            with open(path) as f:
                value = json.load(f)
        except FileNotFoundError:
            value = {"count": 0}
        value["count"] += 1
        temp = path + "." + name
        with open(temp, "w") as f:
            json.dump(value, f)
        os.replace(temp, path)


n = 0
while not stop.is_set():
    id = f"{name}.{n}"
    say("begun", id)
    count()
    say("acked", id)
    n += 1
