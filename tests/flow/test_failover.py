# SPDX-License-Identifier: Apache-2.0
"""The primary's host is cut off, and then the other one: nothing acknowledged is lost, nothing is bought twice."""
import os
import pathlib
import re
import subprocess
import sys

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "chaos" / "failover.py"


def test_a_standby_takes_over_and_back():
    done = subprocess.run([sys.executable, PROGRAM, "--times", "2"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=False)
    last = done.stdout.strip().split("\n")[-1]
    assert done.returncode == 0 and re.fullmatch(
        r"failover: ok times=2 lost=0 double=0 recovery_p50_ms=\d+ recovery_max_ms=\d+", last), done.stdout + done.stderr
