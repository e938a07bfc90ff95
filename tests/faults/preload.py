# SPDX-License-Identifier: Apache-2.0
"""Programs of a rig under build/…/faults.so: which call fails, and what became of the program."""
import mmap
import pathlib
import re
import shlex
import signal
import struct
import subprocess
import time

KINDS = {"malloc": 1, "send": 2, "recv": 3, "connect": 4}  # enum fault_kind
LAYOUT = "=4I64s"  # struct control: kind, at, seen, fired, whose
SAID_WHY = set(range(64, 79))  # sysexits: a program that says why it ends
FOR_GOOD = {64, 65, 66, 77, 78}  # RestartPreventExitStatus of the units: no answer to a shortage that passes
FLEX_FATAL = 2  # how the scanner that flex makes ends its program
STOP_S = 20
STARTS = 20
# What glibc, the stack protector and our own asserts say before they abort; no program means that.  libfcgi's assert that
# there is memory is its way to end.
CORRUPT = re.compile(rb"free\(\)|malloc\(|realloc\(\)|munmap_chunk|corrupted|double free|smashing detected|overflow detected|"
                     rb"(fcgi|provisioning)/[a-z0-9_/]+\.c:\d+: .*Assertion `")


class Control:
    """The page that a program shares with us."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "fault-control"
        self.path.write_bytes(bytes(4096))
        with self.path.open("r+b") as file:
            self.page = mmap.mmap(file.fileno(), 4096)
        self.last = self.kind = ""

    def arm(self, kind, at):
        """The at-th call of that kind fails, counted from now."""
        self.disarm()
        self.last, self.kind = self.whose() or self.last, kind
        struct.pack_into("=3I64s", self.page, 4, at, 0, 0, b"")
        struct.pack_into("=I", self.page, 0, KINDS[kind])

    def disarm(self):
        struct.pack_into("=I", self.page, 0, 0)

    def whose(self):
        """The program or library whose call has failed, "" when none has since it was armed."""
        return struct.unpack_from(LAYOUT, self.page)[4].rstrip(b"\0").decode()

    def deliberate(self, status, said, service=True):
        """Whether a program (one that is started again, or not) that ended so after the failure, and said that, has meant to.
        libconfuse reads the configuration before anything else begins, and does not look whether it gets memory."""
        if CORRUPT.search(said):
            return False
        if (self.whose() or self.last).startswith("libconfuse.so") and status in (-signal.SIGSEGV, FLEX_FATAL):
            return True
        return status == -signal.SIGABRT or status in (SAID_WHY - FOR_GOOD if service and self.kind == "malloc" else SAID_WHY)

    def fired(self):
        return struct.unpack_from(LAYOUT, self.page)[3] == 1


class Faulted:
    """A component of a rig, run by us instead of by the rig, so that we see how it ends."""

    def __init__(self, rig, name, control):
        self.rig, self.name, self.control = rig, name, control
        self.listens = (rig.dir / "run" / f"{name}.listen").exists()
        command = shlex.split((rig.dir / "run" / f"{name}.cmd").read_text())
        library = f"{rig.env['BIN']}/faults.so"
        self.command = ["env", f"LD_PRELOAD={library}", f"FAULT_CONTROL={control.path}", *command]
        self.process = None
        self.log, self.said_from = rig.dir / "log" / f"{name}.log", 0
        self.crashes = []  # status and who was refused, each time that nobody had meant it to end
        rig.ctl("stop", name)

    def said(self):
        """What it has written since it was started."""
        return self.log.read_bytes()[self.said_from:]

    def alive(self):
        """Also looks at how it has ended."""
        if self.process is not None and self.process.poll() is not None:
            self.ended(self.process.returncode)
            self.process = None
        return self.process is not None

    def ended(self, status):
        if not self.control.deliberate(status, self.said()):
            self.crashes.append((status, self.control.whose() or self.control.last))

    def start(self):
        """Runs, and listens if it is to; or has ended already."""
        with self.log.open("ab") as log:
            self.said_from = log.tell()
            self.process = subprocess.Popen(self.command, cwd=self.rig.env["PRIVATE"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + STOP_S
        while self.alive() and self.listens and not self.listening():
            assert time.monotonic() < end, f"{self.name} neither listens nor ends"
            time.sleep(0.005)

    def listening(self):
        where = (self.rig.dir / "run" / f"{self.name}.listen").read_text().strip()
        lines = pathlib.Path("/proc/net/unix").read_text().splitlines()
        return any(line.endswith(" " + where) and line.split()[3] == "00010000" for line in lines)

    def ensure(self):
        """As a service manager does: what has ended is started again."""
        for _ in range(STARTS):
            if self.alive():
                return
            self.start()
        assert self.alive(), f"{self.name} does not stay up: {self.said()[-500:]}"

    def stop(self):
        """Asked to stop, it ends with 0, whatever has happened to it before."""
        if not self.alive():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.process = None
        if status != 0:
            self.ended(status)
