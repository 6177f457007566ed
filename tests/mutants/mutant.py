# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a mutant is: a plausible bug, what an attentive person might get wrong or tidy away, and the tests that must notice.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str  # stands once in the file, however it is laid out
    new: str
    tests: tuple
    why: str  # what goes wrong with it


def mutant(name, file, old, new, tests, why):
    """tests, separated by spaces: "unit/agent/test_log", or "integration/test_run_as:NAME" for one function of an
    integration test, which is slower: a unit test comes first."""
    return Mutant(name, file, old, new, tuple(tests.split()), why)
