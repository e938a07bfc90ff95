# SPDX-License-Identifier: Apache-2.0
"""Runs build/VARIANT/driver/provider_call: the provider room without worker and database."""
import fcntl
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VARIANT = os.environ.get("VARIANT", "release")
TOKEN = "token-S3cret-0123456789"


def build(name):
    """The path of a driver, built when it is not up to date."""
    target = f"build/{VARIANT}/driver/{name}"
    with open(ROOT / "build" / f"{VARIANT}.lock", "w") as lock:  # other files' tests run beside this one
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-s", f"VARIANT={VARIANT}", target], cwd=ROOT, check=True)
    return ROOT / target


def call(url, *lines, ca, provider="724license", token=TOKEN, env=None, timeout_ms=1500):
    """The answers to some lines of calls, as the driver prints them; one alone is not in a list.

    A line is one call, {"name": …}, or {"calls": [several at once]}.
    """
    lines = [line if "calls" in line else {"calls": [line]} for line in lines]
    count = sum(len(line["calls"]) for line in lines)
    done = subprocess.run(
        [ROOT / f"build/{VARIANT}/driver/provider_call", provider, url, token, str(ca), str(timeout_ms)],
        input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True, timeout=60,
        env={**os.environ, **(env or {})}, check=False)
    assert done.returncode == 0, done.stderr
    assert token not in done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == count
    return answers if count > 1 else answers[0]
