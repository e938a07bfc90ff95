# SPDX-License-Identifier: Apache-2.0
"""The systemd units, as far as they can be judged without systemd running; `make check-deb` runs what they say."""
import pathlib
import re
import subprocess

import pytest

UNITS = sorted((pathlib.Path(__file__).resolve().parents[2] / "docs/packaging/systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
EXPOSURE_MOST = 2.0


def lines(unit):
    return re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(), re.M)


def analyze(*words):
    return subprocess.run(["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_exposure_is_small(unit):
    told = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MOST * 10:.0f}", unit)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr
    assert 0 < float(re.search(r"exposure level for \S+: ([\d.]+)", told.stdout).group(1)) <= EXPOSURE_MOST


def test_systemd_understands_every_line(tmp_path):
    """In a copy whose programs exist."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M))
    told = analyze("verify", "--man=no", *[tmp_path / unit.name for unit in UNITS])
    said = [line for line in (told.stdout + told.stderr).splitlines() if "license-bridge" in line]
    assert len(UNITS) == 5 and not said, said


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_is_watched_and_gives_up_on_what_no_restart_mends(unit):
    one = dict(lines(unit))
    part = unit.stem.removeprefix("license-bridge-")
    assert one["Type"] == "notify" and int(one["WatchdogSec"].removesuffix("s")) > 0
    assert one["User"] == one["Group"] == f"license-bridge-{part}"
    assert {"64", "78"} <= set(one["RestartPreventExitStatus"].split()) and one["Restart"] == "on-failure"
    passed = {value for name, value in lines(unit) if name == "LoadCredential"}
    tokens = "tokens:/etc/license-bridge/tokens"
    assert (tokens in passed) == (part == "worker"), "only the worker can spend"


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".socket"], ids=lambda unit: unit.stem)
def test_nginx_alone_reaches_the_sockets(unit):
    one = dict(lines(unit))
    assert (one["SocketMode"], one["SocketUser"], one["SocketGroup"]) == ("0660", "root", "www-data")
    nginx = (UNITS[0].parents[3] / "nginx/bridge.conf").read_text()
    assert f"unix:{one['ListenStream']} " in nginx, "where nginx looks for it"
