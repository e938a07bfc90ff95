# SPDX-License-Identifier: Apache-2.0
"""Plays the service manager: passes a listening socket, receives what a program says of itself."""
import os
import pathlib
import secrets
import select
import signal
import socket
import subprocess
import time

# The manager's protocol wants the process's own id in LISTEN_PID, and the socket as descriptor 3.
PASS = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 0</dev/null'


def listening(path, mode=0o660):
    """A unix socket as a socket unit makes it."""
    pathlib.Path(path).unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    os.chmod(path, mode)
    made.listen(4096)
    return made


class Managed:
    """One program under our care: `with Managed(command, folder) as program:`."""

    def __init__(self, command, folder, passed=None, watchdog_ms=None, env=None):
        self.folder = pathlib.Path(folder)
        self.name = f"managed.{secrets.token_hex(4)}"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"\0{self.name}")  # in no folder: a program in another root finds it as well
        self.log_path = self.folder / f"{self.name}.log"
        self.said = []  # what it said, in order
        given = {**os.environ, **(env or {}), "NOTIFY_SOCKET": f"@{self.name}"}
        if watchdog_ms is not None:
            given["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        if passed is not None:
            command = ["sh", "-c", PASS, "sh", *command]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], env=given, stdout=log,
                                            stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL if passed is None else passed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.notify.close()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def listen(self, seconds):
        """Takes in what is said within that time; False when it was nothing."""
        heard = False
        end = time.monotonic() + seconds
        while select.select([self.notify], [], [], max(0, end - time.monotonic()))[0]:
            self.said += self.notify.recv(4096).decode().split("\n")
            heard = True
            end = min(end, time.monotonic())
        return heard

    def expect(self, word, seconds=30):
        """Waits until it has said this (from now on); what it said before is forgotten."""
        end = time.monotonic() + seconds
        while word not in self.said:
            ended = self.process.poll() is not None  # asked first: what it said with its last breath is still to be heard
            heard = self.listen(0 if ended else 0.5)
            assert heard or time.monotonic() < end and not ended, (word, self.said, self.log()[-3000:])
        del self.said[:self.said.index(word) + 1]

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, seconds=40):
        """The exit status, and everything it said until then."""
        status = self.process.wait(timeout=seconds)
        while self.listen(0):
            pass
        return status
