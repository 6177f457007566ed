#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Circles of includes between modules and between rooms, and rooms that are too large to find one's way in.

A module is a header with its source. A header without one, which needs a header of a source that includes it, is that
source's second, private one. A room is a folder. What a room and the folders in it have of each other is no circle: what
all of them share lies there, and what puts them together.
"""
import collections
import os

import lint
import lint_includes

ROOM_SOURCES_AIM = 25  # a note; past the bound below it fails
ROOM_SOURCES_MAX = 30


def all_includes():
    """{file: the project's headers that it includes}."""
    return {path: {match[2] for match in lint_includes.INCLUDE.finditer(lint.text(path)) if match[1] == '"'}
            for path in lint.files(".c", ".h") if lint_includes.room(path)}


def module(path, includes):
    """The path without its ending; of a private header that of its source."""
    name, ending = os.path.splitext(path)
    if ending == ".h" and name + ".c" not in includes:
        for needed in sorted(includes.get(path, ())):
            owner = os.path.splitext(needed)[0]
            if os.path.dirname(owner) == os.path.dirname(path) and path in includes.get(owner + ".c", ()):
                return owner
    return path if ending == ".def" else name


def room(path, _):
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if lint_includes.REGISTRY.match(path) else folder


def is_inside(one, other):
    return one == other or one.startswith(other + "/")


def graph(includes, place):
    """{place: {place that it needs: an include that shows it}}."""
    needs = collections.defaultdict(dict)
    for path, headers in includes.items():
        for header in headers:
            here, there = place(path, includes), place(header, includes)
            if here != there and not (place is room and (is_inside(here, there) or is_inside(there, here))):
                needs[here].setdefault(there, f'{path} includes "{header}"')
    return needs


def way(needs, start, end):
    """The shortest way from one place to another, or None."""
    before, queue = {start: None}, collections.deque([start])
    while queue:
        here = queue.popleft()
        for there in sorted(needs.get(here, ())):
            if there == end:
                found = [end]
                while here is not None:
                    found.append(here)
                    here = before[here]
                return found[::-1]
            if there not in before:
                before[there] = here
                queue.append(there)
    return None


def circles(needs):
    """A shortest circle through each place that is in one, each circle once."""
    seen = set()
    for place in sorted(needs):
        found = way(needs, place, place)
        if found and frozenset(found) not in seen:
            seen.add(frozenset(found))
            yield " -> ".join(found) + ": " + "; ".join(needs[here][there] for here, there in zip(found, found[1:]))


def check_sizes():
    counts = collections.Counter(os.path.dirname(path) for path in lint.files(".c") if lint_includes.room(path))
    for folder, count in sorted(counts.items()):
        if ROOM_SOURCES_AIM < count <= ROOM_SOURCES_MAX:
            print(f"# note: {folder} has {count} sources, more than the {ROOM_SOURCES_AIM} that a room should have")
    return lint.report("rooms", [f"{folder} has {count} sources, more than {ROOM_SOURCES_MAX}"
                                 for folder, count in sorted(counts.items()) if count > ROOM_SOURCES_MAX])


if __name__ == "__main__":
    INCLUDES = all_includes()
    lint.finish(lint.report("circles", [*circles(graph(INCLUDES, module)), *circles(graph(INCLUDES, room))]), check_sizes())
