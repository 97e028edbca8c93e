"""Judges edits of YAML (python3-yaml) and TOML (tomllib): one JSON object a line, a verdict a line."""

import functools
import json
import sys
import tomllib

import yaml


class Loader(yaml.SafeLoader):
    """SafeLoader that sees through the tags which an owner gave, as an edit keeps them."""


def untagged(loader, suffix, node):
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


Loader.add_multi_constructor("", untagged)
for kind in "omap", "pairs", "set", "binary":
    Loader.add_constructor("tag:yaml.org,2002:" + kind, lambda loader, node: untagged(loader, "", node))


@functools.lru_cache(maxsize=2)  # a text is edited many times in a row
def parse(format, text):
    if format == "yaml":
        return yaml.load(text.removeprefix("\ufeff"), Loader)
    return tomllib.loads(text.removeprefix("\ufeff"))


def copy(v):
    """A copy in which no two places share a value."""
    if isinstance(v, dict):
        return {k: copy(e) for k, e in v.items()}
    if isinstance(v, list):
        return [copy(e) for e in v]
    return v


def carry_out(root, op):
    at = root
    for step in op["path"][:-1]:
        at = at[step]
    last = op["path"][-1]
    if op["kind"] == "delete":
        del at[last]
    elif op["kind"] == "insert":
        at.insert(last, op["value"])
    elif op["kind"] == "set" and isinstance(at, dict) and last not in at:
        raise KeyError(last)  # such as the key on, which is true to YAML 1.1
    else:
        at[last] = op["value"]


def same(a, b):
    return a == b and repr(sort(a)) == repr(sort(b))


def sort(v):
    if isinstance(v, dict):
        return sorted(((repr(k), sort(e)) for k, e in v.items()))
    if isinstance(v, list):
        return [sort(e) for e in v]
    return v


for line in sys.stdin:
    case = json.loads(line)
    try:
        want = copy(parse(case["format"], case["old"]))
        carry_out(want, case)
    except Exception as e:  # this parser does not see the old text as Go's does
        print(json.dumps({"skip": str(e)[:200]}), flush=True)
        continue
    try:
        got = copy(parse(case["format"], case["new"]))
        ok = same(want, got)
        print(json.dumps({"ok": ok, "why": "" if ok else f"want {want!r}, got {got!r}"}), flush=True)
    except Exception as e:
        print(json.dumps({"ok": False, "why": str(e)}), flush=True)
