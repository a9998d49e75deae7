"""The ``fields`` of a request to Spotify: which parts of an answer are wanted.

``next,items(added_at,item(name,artists(name)))`` or ``items.item.name``; ``!name`` leaves one out.
Names that an answer does not have are no error.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

Tree = dict[str, "Tree | None"]  # None: all of it


def selected(value: Any, fields: str) -> Any:
    """Return what the fields ask for.

    >>> selected({"a": 1, "b": [{"c": 2, "d": 3}], "e": 4}, "a,b(c)")
    {'a': 1, 'b': [{'c': 2}]}
    >>> selected({"a": {"b": 1, "c": 2}}, "a(!b)")
    {'a': {'c': 2}}
    >>> selected({"a": {"b": {"c": 1, "d": 2}, "e": 3, "f": 4}}, "a(b.c,e)")
    {'a': {'b': {'c': 1}, 'e': 3}}
    """
    return _pruned(value, _tree(fields))


def _pruned(value: Any, tree: Tree | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list):
        return [_pruned(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    if "!" in "".join(tree):
        return {name: item for name, item in value.items() if f"!{name}" not in tree}
    return {name: _pruned(value[name], inner) for name, inner in tree.items() if name in value}


@lru_cache(maxsize=100)
def _tree(fields: str) -> Tree:
    root: Tree = {}
    above: list[Tree] = []  # the levels that brackets opened
    level = here = root
    name = ""
    for token in re.findall(r"[(),.]|[^(),.\s]+", fields):
        if token == "(":
            above.append(level)
            level = here = _inner(here, name)
        elif token == ")":
            level = here = above.pop()
        elif token == ".":
            here = _inner(here, name)
        elif token == ",":
            here = level
        else:
            name = token
            here.setdefault(name, None)
    return root


def _inner(tree: Tree, name: str) -> Tree:
    inner = tree[name]
    if inner is None:
        inner = tree[name] = {}
    return inner
