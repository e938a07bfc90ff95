# SPDX-License-Identifier: Apache-2.0
"""The one threaded program of this project under ThreadSanitizer and AddressSanitizer:
the whole flow test again, in which a report of theirs is a failure."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("variant", ["tsan", "asan"])
def test_flow_under_sanitizer(variant):
    binary = f"build/{variant}/standin"
    subprocess.run(["make", "-s", "-j2", f"VARIANT={variant}", binary], cwd=ROOT, check=True)
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                           "tests/flow/test_standin.py"], cwd=ROOT, capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, STANDIN_BIN=str(ROOT / binary), ASAN_OPTIONS="detect_leaks=1"))
    assert done.returncode == 0, done.stdout[-4000:]
