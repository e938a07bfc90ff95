# SPDX-License-Identifier: Apache-2.0
"""A sample of what `make faults` walks through: each k for what few calls are made of, some for memory."""
import itertools
import subprocess

import pytest

import walk

# Of what, every n-th k, so many of them.
SAMPLE = {("webhook", "malloc"): (4, 40), ("start", "malloc"): (151, 12), ("list", "malloc"): (97, 15),
          ("purchase", "malloc"): (701, 8), ("purchase", "send"): (5, 8), ("purchase", "recv"): (11, 8)}


@pytest.fixture(autouse=True, scope="module")
def release():
    """Sanitizers have an allocator of their own: these tests are for the programs that ship."""
    root = walk.HERE.parents[1]
    subprocess.run(["make", "-s", "-C", root, "build/release/faults.so"], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VARIANT", "release")
        yield


def sample(what, kind):
    step, most = SAMPLE.get((what, kind), (1, 1000))
    return itertools.islice(walk.every(step), most)


def test_a_door_that_fails_anywhere_loses_no_webhook_and_bridgectl_says_nothing_wrong():
    found = walk.doors(sample, walk.tell)
    assert found.good() and found.runs > 60, found


def test_a_worker_that_fails_anywhere_buys_nothing_twice():
    found = walk.workers(sample, walk.tell)
    assert found.good() and found.runs > 20, found
