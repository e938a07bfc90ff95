# SPDX-License-Identifier: Apache-2.0
"""Where callbacks go when names lie: a name that means a public address when it is looked at and one inside when it
is called, one that means both, one that leads a plain URL outside.  Real names, in a network without a way out."""
import subprocess

import pytest

import hosts
from bridge import Rig
from front import Front
from island import Island, Names
from receiver import Receiver, make_secret
from wire import make_certificate

PUBLIC, DEAD, PRIVATE = "128.0.0.1", "128.0.0.2", "10.0.0.1"  # nobody listens at DEAD
TURNS, BOTH, INSIDE, PLAIN = "turns.example", "both.example", "inside.example", "plain.example"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("names")


@pytest.fixture(scope="module")
def island(folder):
    if hosts.missing():
        pytest.skip(hosts.missing())
    with Island(folder, [PUBLIC, DEAD, PRIVATE]) as made:
        yield made


@pytest.fixture(scope="module")
def names(island):
    with Names(island) as running:
        running.answers = {TURNS: lambda times: [PUBLIC if times == 1 else PRIVATE], BOTH: lambda _: [DEAD, PRIVATE],
                           INSIDE: lambda _: [PRIVATE], PLAIN: lambda _: [PUBLIC]}
        yield running


@pytest.fixture(scope="module")
def certificate(folder):
    return make_certificate(folder, host=",".join(f"DNS:{name}" for name in (TURNS, BOTH, INSIDE)))


@pytest.fixture(scope="module")
def outside(island, certificate):
    with Receiver(certificate, listener=island.listener(PUBLIC)) as running:
        yield running


@pytest.fixture(scope="module")
def inside(island, certificate, outside):
    """Would take what is meant for the public one: the same names, the same port."""
    with Receiver(certificate, listener=island.listener(PRIVATE, outside.port)) as running:
        yield running


def source(folder, name, url, *lines):
    (folder / f"{name}.secret").write_text(make_secret() + "\n")
    return "\n".join([f"source {name} {{", f'  secrets = {{ "{folder}/{name}.secret" }}', '  products = { "cpanel" }',
                      f'  callback_url = "{url}"', f'  callback_ca_file = "{folder}/ca.pem"', *lines, "}"])


@pytest.fixture(scope="module")
def told(folder, island, names, outside, inside):
    """A function: cancels an order of a source, so that there is a notice, and runs a worker until `done`."""
    port = outside.port
    sources = [source(folder, name, f"https://{host}:{port}/x")
               for name, host in (("turns", TURNS), ("both", BOTH), ("inside", INSIDE))]
    sources.append(source(folder, "plain", f"http://{PLAIN}:{port}/x", '  callback_allow = { "10.99.0.1" }'))
    with Rig(WORKERS=0, UPSTREAM_URL="https://127.0.0.1:1/v1",
             RIG_CONFIG="poll = 100ms callback_retry = { 200ms }\ncallback_timeout = 3s\n" + "\n".join(sources)) as rig:
        number = iter(range(1, 100))

        def tell(name, done):
            n = next(number)
            event = rig.event("license.create", operation_key=f"n{n}", service_id=f"n{n}", product_code="cpanel",
                              ip=f"10.201.0.{n}", billing_months=1)
            answer = rig.deliver(event, source=name, secret=(folder / f"{name}.secret").read_text().strip())
            assert answer.status == 202, answer
            order = answer.body["order_id"]
            assert rig.ctl_program("cancel", order, "--reason", "test").returncode == 0
            worker = island.program([f"{rig.env['BIN']}/bridge-worker", "--config", rig.env["CONFIG"]],
                                    rig.dir / "log" / "island.log")
            try:
                Front.until(lambda: ask(rig, order, "state") == done, 30)
            finally:
                worker.terminate()
                worker.wait(20)
            return ask(rig, order, "last_error")

        yield tell


def ask(rig, order, column):
    return subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c",
                           f"select {column} from ops.callbacks where order_id = {order} and type = 'order.cancelled'"],
                          capture_output=True, text=True, check=True).stdout.strip()


def test_the_address_that_was_looked_at_is_the_one_that_is_called(told, names, outside, inside):
    """Whoever asks for the name twice, once to look and once to call, is led inside by the second answer."""
    told("turns", "sent")
    assert names.asked[TURNS] >= 1 and outside.connections == 1 and inside.connections == 0
    assert len(outside.seen) == 1


def test_a_name_that_has_turned_inside_leads_nowhere(told, names, outside, inside):
    asked, sent = names.asked.get(TURNS, 0), outside.connections
    names.answers[TURNS] = lambda _: [PRIVATE]
    error = told("turns", "dead")
    assert names.asked[TURNS] > asked
    assert f"the name leads to {PRIVATE}, which callbacks may not go to" in error
    assert (outside.connections, inside.connections) == (sent, 0)


@pytest.mark.parametrize("name", ["both", "inside"])
def test_an_address_inside_is_not_tried_beside_or_instead_of_a_public_one(told, inside, name):
    assert f"the name leads to {PRIVATE}" in told(name, "dead")
    assert inside.connections == 0


def test_plain_http_goes_to_the_listed_addresses_alone(told, outside):
    sent = outside.connections
    assert f"the name leads to {PUBLIC}" in told("plain", "dead")
    assert outside.connections == sent
