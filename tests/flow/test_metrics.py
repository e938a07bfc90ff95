# SPDX-License-Identifier: Apache-2.0
"""/metrics, scraped by a real Prometheus; the alert rules and their tests; Grafana's queries against the views."""
import json
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest
from bridge import request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "docs" / "packaging" / "prometheus"
DASHBOARD = ROOT / "docs" / "packaging" / "grafana" / "license-bridge.json"


def scrape(rig):
    answer = request(f"{rig.env['OPS_URL']}/metrics", headers={"authorization": f"Bearer {rig.env['OPS_TOKEN']}"})
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer
    return answer.raw.decode()


def value(text, series):
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else None


def test_what_happened_is_counted(rig, service):
    assert request(f"{rig.env['OPS_URL']}/metrics").status == 401
    before = scrape(rig)
    service.done("license.create")
    service.done("license.suspend")
    after = scrape(rig)
    for series, more in (("license_bridge_orders_accepted_total", 2), ('license_bridge_upstream_calls_total{account="main"}', 2),
                         ('license_bridge_orders_finished_total{state="succeeded"}', 2),
                         ('license_bridge_deliveries_total{outcome="accepted"}', 2),
                         ('license_bridge_upstream_call_duration_seconds_count{account="main"}', 2),
                         ('license_bridge_upstream_call_duration_seconds_bucket{account="main",le="+Inf"}', 2),
                         ('license_bridge_credits_spent_total{account="main"}', 4)):
        assert value(after, series) == (value(before, series) or 0) + more, series
    assert value(after, "license_bridge_workers") >= 1 and value(after, 'license_bridge_account_paused{account="main"}') == 0
    assert value(after, "license_bridge_ops_request_duration_seconds_count") > value(
        before, "license_bridge_ops_request_duration_seconds_count")
    assert abs(time.time() - value(after, "process_start_time_seconds")) < 24 * 3600
    assert value(after, "process_open_fds") >= 5 and value(after, "process_resident_memory_bytes") > 1e6
    names = set(re.findall(r'(\w+)="', after))
    assert names <= {"state", "account", "quantile", "endpoint", "le", "outcome"}, names
    assert service.id not in after and service.ip not in after


def test_promtool_finds_nothing(rig):
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape(rig), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def test_rules_and_their_tests_pass():
    for words in (("check", "rules", "license-bridge.rules.yml"), ("test", "rules", "license-bridge.test.yml")):
        done = subprocess.run(["promtool", *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_speak_of_what_there_is(rig):
    text = scrape(rig)
    known = set(re.findall(r"^# TYPE (\w+)", text, re.M)) | {"up", "license_bridge_ops_request_duration_seconds_bucket"}
    boards = json.loads(DASHBOARD.read_text())
    asked = (PROMETHEUS / "license-bridge.rules.yml").read_text()
    for panel in boards["panels"]:
        for target in panel["targets"]:
            asked += target.get("expr", "") + "\n"
            if "rawSql" in target:
                subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c",
                                f"set role bridge_ops; {target['rawSql']}"], check=True, stdout=subprocess.DEVNULL)
    names = set(re.findall(r"\blicense_bridge_\w+", asked))
    assert len(names) > 10 and names - known <= {"license_bridge_upstream_latency_seconds", "license_bridge_budget_left",
                                                 "license_bridge_credits_left_seconds"}, names - known


@pytest.fixture
def prometheus(rig, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = urllib.parse.urlsplit(rig.env["OPS_URL"])
    (tmp_path / "token").write_text(rig.env["OPS_TOKEN"])
    (tmp_path / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(PROMETHEUS / "license-bridge.rules.yml")],
        "scrape_configs": [{"job_name": "license-bridge", "authorization": {"credentials_file": str(tmp_path / "token")},
                            "static_configs": [{"targets": [target.netloc]}]}]}))
    process = subprocess.Popen(
        ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=(tmp_path / "log").open("w"))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def ask(prometheus, query):
    answer = request(f"{prometheus}/api/v1/query?query={urllib.parse.quote(query)}")
    return answer.body["data"]["result"] if answer.status == 200 else []


def test_a_real_prometheus_scrapes_it(rig, service, prometheus):
    service.done("license.create")
    found = []
    deadline = time.monotonic() + 60
    while not found and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            found = ask(prometheus, 'up{job="license-bridge"} == 1 and on() license_bridge_orders_accepted_total > 0')
        except OSError:
            pass
    assert found, "Prometheus never got an answer"
    assert ask(prometheus, 'license_bridge_orders_finished_total{state="succeeded"} > 0')
    assert ask(prometheus, "histogram_quantile(0.99, license_bridge_ops_request_duration_seconds_bucket) >= 0")
    rules = request(f"{prometheus}/api/v1/rules").body["data"]["groups"][0]["rules"]
    assert len(rules) == 10 and all(rule["health"] in ("ok", "unknown") for rule in rules)
