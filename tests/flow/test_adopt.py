# SPDX-License-Identifier: Apache-2.0
"""bridgectl adopt: licenses that were bought before the bridge was there."""
import json
import subprocess

import pytest

from bridge import Rig, request
from conftest import Service

OK, DATAERR, NOINPUT = 0, 65, 66


@pytest.fixture(scope="module")
def rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s") as running:
        yield running


@pytest.fixture
def ctl(rig):
    def run(*words, status=OK):
        done = rig.ctl_program(*words)
        assert done.returncode == status, (words, done)
        return done

    return run


@pytest.fixture
def ctl_json(ctl):
    return lambda *words, status=OK: json.loads(ctl("--json", *words, status=status).stdout)


@pytest.fixture
def services(rig):
    return lambda: Service(rig)


def table(tmp_path, *lines):
    file = tmp_path / "licenses.csv"
    file.write_text("\n".join(["source,service_id,product_code,ip,status,period_end", *lines]) + "\n")
    return str(file)


def test_adopted_licenses_are_looked_after(ctl, ctl_json, rig, services, tmp_path):
    first, second = services(), services()
    for taken in (first, second):  # bought before the bridge was there
        call = request(f"{rig.env['UPSTREAM_URL']}/licenses/create", "POST",
                       json.dumps({"type": "cpanel", "ip": taken.ip, "billingcycle": 1}).encode(),
                       {"content-type": "application/json", "authorization": f"Bearer {rig.env['UPSTREAM_TOKEN']}"},
                       ca=rig.env["UPSTREAM_CA"])
        assert call.status == 200, call
    assert first.send("license.renew").status == 422
    file = table(tmp_path, f"demo,{first.id},cpanel,{first.ip},active,2027-01-31",
                 f"demo,{second.id},cpanel,{second.ip},suspended,")
    assert "would adopt 2" in ctl("adopt", file, "--dry-run").stdout
    assert first.send("license.renew").status == 422
    assert ctl("adopt", file).stdout == "adopted 2, unchanged 0\n"
    assert ctl_json("adopt", file) == {"adopted": 0, "unchanged": 2, "problems": [], "dry_run": False}
    first.done("license.renew", period_end="2027-02-28")
    assert first.bought() == (1, 1)
    second.done("license.unsuspend")
    assert first.send("license.create").status == 422


def test_a_wrong_row_stops_the_file(ctl, ctl_json, services, tmp_path):
    mine, other = services(), services()
    mine.done("license.create")
    file = table(tmp_path, f"demo,{other.id},cpanel,{other.ip},active,2027-01-31", f"demo,x1,cpanel,{mine.ip},active,",
                 f"demo,{mine.id},cpanel,{other.ip}0,active,")
    done = ctl("adopt", file, status=DATAERR)
    assert f"{file}:3: ip: cpanel on {mine.ip} belongs to service {mine.id}" in done.stderr
    assert f"{file}:4: ip: " in done.stderr and "nothing was changed" in done.stderr
    problems = ctl_json("adopt", file, "--dry-run", status=DATAERR)["problems"]
    assert [(problem["line"], problem["column"]) for problem in problems] == [(3, "ip"), (4, "ip")]
    file = table(tmp_path, f"demo,{other.id},nothing,{other.ip},gone,2027-13-31")
    assert len(ctl_json("adopt", file, status=DATAERR)["problems"]) == 3
    assert other.send("license.renew").status == 422


def test_adopting_many(ctl, ctl_json, tmp_path):
    file = table(tmp_path, *(f"demo,many{n},cpanel,10.200.{n // 250}.{n % 250 + 1},active," for n in range(1203)))
    assert ctl_json("adopt", file)["adopted"] == 1203
    assert ctl_json("adopt", file)["unchanged"] == 1203


def test_a_bar_is_drawn_for_who_watches(rig, tmp_path):
    file = table(tmp_path, *(f"demo,bar{n},cpanel,10.201.0.{n + 1},active," for n in range(3)))
    words = f"{rig.env['BIN']}/bridgectl --config {rig.env['CONFIG']} adopt {file}"
    done = subprocess.run(["script", "-qec", words, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=True)
    assert "checking [" in done.stdout and "adopting [" in done.stdout and "3/3" in done.stdout
    assert "adopted 3, unchanged 0" in done.stdout
    assert rig.ctl_program("adopt", file).stderr == ""
    assert rig.ctl_program("adopt", "/nowhere.csv").returncode == NOINPUT
