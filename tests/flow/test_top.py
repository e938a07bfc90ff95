# SPDX-License-Identifier: Apache-2.0
"""bridgectl top on a terminal of its own: what it shows, how it follows, and how it leaves."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from bridge import Rig

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
OWN_SCREEN, LEFT_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A terminal with `bridgectl top` in it; screen() is what stands there now."""

    def __init__(self, rig, *words, lines=40, columns=120):
        self.main, self.side = pty.openpty()
        self.size(lines, columns)
        self.before = termios.tcgetattr(self.side)
        self.said = ""
        self.process = subprocess.Popen(
            [f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "top", *words], stdin=self.side, stdout=self.side,
            stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}, start_new_session=True)

    def size(self, lines, columns):
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def listen(self, seconds):
        end = time.monotonic() + seconds
        while select.select([self.main], [], [], max(0, end - time.monotonic()))[0]:
            self.said += os.read(self.main, 65536).decode()

    def screen(self):
        """The lines of the last picture that is whole."""
        whole = self.said[:self.said.rfind("\x1b[J") + 3]
        return ESCAPE.sub("", whole[whole.rfind("\x1b[H"):]).split("\r\n")

    def wait(self, shown, seconds=20):
        end = time.monotonic() + seconds
        while not shown(self.screen()):
            assert time.monotonic() < end and self.process.poll() is None, "\n".join(self.screen())
            self.listen(0.2)
        return self.screen()

    def press(self, key):
        os.write(self.main, key.encode())

    def left(self):
        """Its exit status; the terminal is as it was."""
        status = self.process.wait(5)
        self.listen(0.1)
        assert self.said.endswith(LEFT_SCREEN) and self.said.count(OWN_SCREEN) == 1
        assert termios.tcgetattr(self.side) == self.before
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        os.close(self.main)
        os.close(self.side)


@pytest.fixture(scope="module")
def rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s") as one:
        yield one


@pytest.fixture
def top(rig):
    opened = []

    def start(*words, **size):
        opened.append(Terminal(rig, *words, **size))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def buy(rig, number):
    return rig.send("license.create", service_id=f"t{number}", product_code="cpanel", ip=f"198.51.100.{number}",
                    billing_months=1, operation_key=f"t{number}:create").body["order_id"]


def has(text):
    return lambda lines: any(text in line for line in lines)


def test_it_follows_what_happens_and_leaves_the_terminal_alone(rig, top):
    terminal = top()
    terminal.wait(has("In doubt 0, to review 0"))
    rig.wait(buy(rig, 1), ("succeeded",))
    account = next(line for line in terminal.wait(has("spent today 4")) if line.startswith("main "))
    assert float(account.split()[1]) > 0 and account.split()[3] == "4" and int(account.split()[5]) > 0, account
    rig.fault(endpoint="create", ip="198.51.100.2", fault="drop", when="before", times=1)
    order = buy(rig, 2)
    lines = terminal.wait(has("In doubt 0, to review 1"))
    assert any(re.match(rf"{order} +\d+s +needs_review +- +license.create +main ", line) for line in lines), lines
    assert any(re.match(r"\S+:\d+\S* +\d\S* +\ds +\d+ +yes", line) for line in lines), lines
    assert any(re.match(r"zone +info.php +default +\d+ +60 +now ", line) for line in lines), "\n".join(lines)
    assert "\x1b[1;31mIn doubt 0, to review 1" in terminal.said
    terminal.press("xq")
    assert terminal.left() == 0


def test_it_fits_the_terminal_and_a_new_size_at_once(top):
    terminal = top("--interval", "3600", lines=60, columns=200)
    whole = terminal.wait(has("Workers"))
    terminal.size(8, 50)
    terminal.process.send_signal(signal.SIGWINCH)
    small = terminal.wait(has("more lines)"), seconds=3)
    assert len(small) == 8 and max(map(len, small)) == 50
    untimed = [[re.sub(r"\d+", "0", line[:50]).rstrip()[:40] for line in lines[:7]] for lines in (small, whole)]
    assert untimed[0] == untimed[1]
    assert small[7] == f"({len(whole) - 8} more lines)"
    terminal.press("q")
    assert terminal.left() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_like_q(top, number):
    terminal = top()
    terminal.wait(has("Accounts"))
    terminal.process.send_signal(number)
    assert terminal.left() == 0


def test_others_words_do_not_reach_the_terminal_as_they_are(rig, top):
    assert rig.ctl_program("pause", "zone", "--reason", "\x1b[2J\x07gone").returncode == 0
    terminal = top(columns=200)
    terminal.wait(has("paused: ?[2J?gone"))
    assert "\x1b[2J" not in terminal.said and "\x07" not in terminal.said
    assert rig.ctl_program("resume", "zone", "--reason", "x").returncode == 0
    terminal.wait(lambda lines: not has("paused:")(lines))


def test_it_says_when_the_database_is_away_and_goes_on_afterwards(rig, top):
    terminal = top()
    terminal.wait(has("Workers"))
    rig.ctl("stop", "postgres")
    lines = terminal.wait(lambda shown: "database" in shown[0])
    assert has("Workers")(lines), "what was known is still there"
    rig.ctl("start", "postgres")
    terminal.wait(lambda shown: shown[0].startswith("License Bridge"))
    rig.ctl("stop", "postgres")
    terminal.press("q")
    assert terminal.left() == 0
    rig.ctl("start", "postgres")
    rig.ctl("ready")


def test_without_a_terminal_it_tells_once(rig):
    done = rig.ctl_program("top")
    assert done.returncode == 0 and "\x1b" not in done.stdout and done.stdout.startswith("License Bridge  20")
    assert "Calls that may still be made" in done.stdout and done.stdout.endswith("\n")
    told = json.loads(rig.ctl_program("--json", "top").stdout)
    assert {"states", "oldest_waiting", "doubts", "accounts", "workers", "warnings"} <= set(told)
    assert {one["account"] for one in told["accounts"]} == {"main", "zone"} and isinstance(told["spent_today"], str)
    for wrong in ("0", "3601", "soon"):
        assert rig.ctl_program("top", "--interval", wrong).returncode == 64
