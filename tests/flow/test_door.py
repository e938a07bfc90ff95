# SPDX-License-Identifier: Apache-2.0
"""The front door below HTTP: peers that lie about lengths, stop half-way or crowd in; a database
that goes away; reload, drain and restart."""
import concurrent.futures
import contextlib
import json
import pathlib
import select
import signal
import subprocess
import threading
import time

import pytest

from bridge import sign
from fastcgi import ABORT, BEGIN, Connection, record
from front import Front


@pytest.fixture(scope="module")
def front():
    with Front() as running:
        yield running


@pytest.fixture
def before(front):
    """How many orders there are; asked before there is a connection, which may not be silent for long."""
    return front.orders()


@pytest.fixture
def connection(front):
    """A connection that is kept, whatever was asked on it; the door must still work afterwards."""
    opened = front.connect()
    yield opened
    opened.close()
    assert front.send("test.ping").status == 200


def ping(front, connection, keep=True):
    body = json.dumps(front.event("test.ping")).encode()
    return connection.ask(front.params(body), body, keep)


def problem(answer, status, field):
    assert answer.status == status, answer.raw
    found = json.loads(answer.raw)
    assert (found["status"], found.get("field")) == (status, field)


# Lengths.

@pytest.mark.parametrize("announce", [lambda n: n + 1, lambda n: n + 1000, lambda n: 65536, lambda n: n - 1,
                                      lambda n: 0])
def test_length_that_disagrees_is_400_and_stores_nothing(front, before, connection, announce):
    body = json.dumps(front.create()).encode()
    answer = connection.ask(front.params(body, CONTENT_LENGTH=str(announce(len(body)))), body)
    problem(answer, 400, "content_length")
    assert front.orders() == before
    assert ping(front, connection).status == 200  # the same connection begins where it should


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "0x10", " 5", "99999999999999999999"])
def test_length_that_is_no_number_is_400(front, connection, length):
    body = json.dumps(front.create()).encode()
    problem(connection.ask(front.params(body, CONTENT_LENGTH=length), body), 400, "content_length")
    assert ping(front, connection).status == 200


def test_missing_length_is_400(front, connection):
    body = json.dumps(front.create()).encode()
    problem(connection.ask(front.params(body, CONTENT_LENGTH=None), body), 400, "content_length")
    assert ping(front, connection).status == 200


def test_bodies_too_long_are_413_and_the_connection_survives(front, connection):
    for size in (65537, 200_000, 1_000_000):
        body = b" " * size
        problem(connection.ask(front.params(body), body), 413, None)
        assert ping(front, connection).status == 200


def test_body_past_all_bounds_costs_the_connection(front):
    body = b" " * 3_000_000
    opened = front.connect()

    def send():
        with contextlib.suppress(OSError):  # the door may close before all is sent
            opened.send(front.params(body), body)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    problem(opened.receive(), 413, None)
    sender.join(10)
    opened.close()
    assert front.send("test.ping").status == 200


# Headers.

@pytest.mark.parametrize("name", ["HTTP_WEBHOOK_ID", "HTTP_WEBHOOK_TIMESTAMP", "HTTP_WEBHOOK_SIGNATURE"])
def test_doubled_headers_are_400(front, connection, name):
    body = json.dumps(front.create()).encode()
    params = front.params(body)
    doubled = params + [(name, dict(params)[name])]
    problem(connection.ask(doubled, body), 400, name.removeprefix("HTTP_").replace("_", "-").lower())


def test_crowds_of_parameters_are_400(front, connection):
    body = json.dumps(front.event("test.ping")).encode()
    for extra in ([(f"HTTP_X{n}", "x") for n in range(300)], [(f"HTTP_X{n}", "x" * 1000) for n in range(60)],
                  [("HTTP_X", "x" * 60000)]):
        problem(connection.ask(front.params(body) + extra, body), 400, None)
        assert ping(front, connection).status == 200


def test_odd_parameters_do_no_harm(front, connection):
    body = json.dumps(front.event("test.ping")).encode()
    assert connection.ask([], b"").status == 404
    assert connection.ask(front.params(body, REQUEST_METHOD=None), body).status == 405
    assert connection.ask(front.params(body, REQUEST_URI="/v1/events/\xff\xfe"), body).status == 404
    assert connection.ask(front.params(body, REQUEST_URI="/" + "x" * 5000), body).status == 404
    assert connection.ask(front.params(body, REMOTE_ADDR=None, REQUEST_URI="/v1/events/far"), body).status == 403
    assert connection.ask(front.params(body, REMOTE_ADDR="nonsense", REQUEST_URI="/v1/events/far"), body).status == 403
    problem(connection.ask(front.params(body, HTTP_WEBHOOK_ID=b"\xff"), body), 400, "webhook-id")


def test_allowed_address_gets_in(front, connection):
    body = json.dumps(front.event("test.ping")).encode()
    now = str(int(time.time()))
    params = front.params(body, "near1", now, REQUEST_URI="/v1/events/far", REMOTE_ADDR="192.0.2.77",
                          HTTP_WEBHOOK_SIGNATURE=sign(front.secret["far"], "near1", now, body))
    assert connection.ask(params, body).status == 200


# Connections.

def test_connections_are_kept_only_when_asked(front):
    kept = front.connect()
    for _ in range(50):
        assert ping(front, kept).status == 200
    assert ping(front, kept, keep=False).status == 200
    with pytest.raises(EOFError):
        kept.receive()
    kept.close()


def test_peers_that_leave_or_stop_are_survived(front):
    body = json.dumps(front.create()).encode()
    for stop in (b"", b"\x01", record(BEGIN, b"\x00\x01\x01" + b"\x00" * 5), b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64):
        opened = front.connect()
        opened.socket.sendall(stop)
        opened.close()
    gone = front.connect()  # asks, and does not wait for the answer
    gone.send(front.params(body), body)
    gone.close()
    assert front.send("test.ping").status == 200


def test_peer_that_stops_in_the_middle_holds_the_door_for_seconds_only(front):
    stuck = front.connect()
    stuck.socket.sendall(record(BEGIN, b"\x00\x01\x01" + b"\x00" * 5)[:12])
    began = time.monotonic()
    assert front.send("test.ping").status == 200
    assert time.monotonic() - began < 5
    stuck.close()


def test_hundreds_of_connections_leave_nothing_behind(front):
    before = front.descriptors()
    crowd = [front.connect() for _ in range(400)]
    body = json.dumps(front.event("test.ping")).encode()
    for opened in crowd:
        opened.send(front.params(body), body)
    assert all(opened.receive().status == 200 for opened in crowd)
    assert front.descriptors() >= 400
    for opened in crowd:
        opened.close()
    front.until(lambda: front.descriptors() <= before)


# Peers that do not wait for the answer.

@pytest.fixture
def waiting(front):
    """A connection whose request waits for its order's end, and the order."""
    body, before = json.dumps(front.create()).encode(), front.stored()
    opened = front.connect()
    opened.send(front.params(body, HTTP_PREFER="wait=20"), body)
    front.until(lambda: front.stored() > before)
    yield opened, front.sql("select max(order_id) from bridge.orders")
    opened.close()


def test_a_request_that_is_taken_back_is_let_go_of(front, waiting):
    connection, order = waiting
    before = front.left()
    connection.socket.sendall(record(ABORT, b""))
    assert connection.receive().status == 0  # its end, without an answer
    with pytest.raises(EOFError):
        connection.receive()
    front.until(lambda: front.left() == before + 1, 5)
    assert front.sql(f"select state from bridge.orders where order_id = {order}") == "queued"


def test_half_a_record_is_no_end(front, waiting):
    connection, order = waiting
    before = front.left()
    connection.socket.sendall(b"\x01")
    time.sleep(0.3)
    front.sql(f"select bridge.operator_cancel('test', {order}, 'no more wanted')")
    assert connection.receive().status == 200
    assert front.left() == before


def test_the_next_request_waits_behind_one_that_waits(front, waiting):
    connection, order = waiting
    body = json.dumps(front.event("test.ping")).encode()
    connection.send(front.params(body), body)
    time.sleep(0.3)
    front.sql(f"select bridge.operator_cancel('test', {order}, 'no more wanted')")
    first, second = connection.receive(), connection.receive()
    assert (first.status, json.loads(first.raw)["state"]) == (200, "cancelled")
    assert (second.status, json.loads(second.raw)) == (200, {"ok": True})


def test_crowd_of_new_orders_is_stored_once_each(front):
    before = front.orders()
    events = [json.dumps(front.create()).encode() for _ in range(300)]

    def post(number):
        return front.deliver(events[number % 300], delivery=f"crowd{number % 300}-{number // 600}")

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(post, range(900)))
    assert {answer.status for answer in answers} == {202}
    for number, answer in enumerate(answers):
        assert answer.body["order_id"] == answers[number % 300].body["order_id"]
    assert front.orders() == before + 300


def test_one_service_at_once_is_no_error(front):
    """Deliveries that may not share a commit follow each other."""
    data = front.fresh()
    before = front.orders()

    def post(number):
        kind = "license.suspend" if number % 2 else "license.unsuspend"
        return front.send(kind, **(data | {"operation_key": f"same{number}"}))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert {answer.status for answer in pool.map(post, range(64))} == {202}
    assert front.orders() == before + 64


# The database away.

def test_no_commit_means_503_and_the_repetition_gets_in(front):
    body = front.create()
    front.ctl("kill", "postgres")
    try:
        answer = front.deliver(body, delivery="away1")
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert front.send("test.ping").status == 200
        assert front.get("/health/live").status == 200
        assert front.get("/health/ready").status == 503
    finally:
        front.ctl("start", "postgres")
    front.until(lambda: front.get("/health/ready").status == 200)
    front.until(lambda: front.deliver(body, delivery="away1").status == 202)
    assert front.sql("select count(*) from bridge.delivery where delivery_id = 'away1'") == "1"


def test_commit_that_fails_is_not_acknowledged(front):
    """The rows of the answer are there before the commit is: they prove nothing."""
    front.sql("""create function public.spoil() returns trigger language plpgsql as
                 $$ begin if new.service_id = 'spoilt' then raise 'spoilt at the end'; end if; return null; end $$;
                 create constraint trigger spoil after insert on bridge.orders deferrable initially deferred
                 for each row execute function public.spoil()""")
    before = front.orders()
    event = front.create(service_id="spoilt")
    try:
        assert front.deliver(event, delivery="spoilt1").status == 503
        assert front.orders() == before
    finally:
        front.sql("drop trigger spoil on bridge.orders; drop function public.spoil()")
    assert front.deliver(event, delivery="spoilt1").status == 202
    assert front.orders() == before + 1


def test_commit_that_no_standby_confirmed_is_not_acknowledged(front):
    """Whoever cancels the wait for the standby gets a warning and a row: too little for a 202."""
    body = front.create()
    waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'"
    front.sql("alter system set synchronous_standby_names = 'nobody'")
    front.sql("select pg_reload_conf()")
    try:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(front.deliver, body, delivery="standby1")
            front.until(lambda: front.sql(waiting) != "")
            assert not answer.done()
            front.sql(f"select pg_cancel_backend(pid) from ({waiting}) w")
            assert answer.result().status == 503
    finally:
        front.sql("alter system reset synchronous_standby_names")
        front.sql("select pg_reload_conf()")
    front.until(lambda: front.deliver(body, delivery="standby1").status == 202)
    assert front.sql("select count(*) from bridge.delivery where delivery_id = 'standby1'") == "1"


def test_short_outage_is_waited_for(front):
    body = front.create()
    front.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bridge_intake'")
    front.until(lambda: front.deliver(body, delivery="short1").status == 202)


def test_slow_commit_delays_only_itself(front):
    """A lock that a statement waits for: health and pings go on, and the delivery arrives."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        with front.stuck():
            waiting = [pool.submit(front.deliver, front.create()) for _ in range(4)]
            front.until(front.blocked)
            for _ in range(20):
                assert front.send("test.ping").status == 200
            assert front.get("/health/ready").status == 200
            assert not any(one.done() for one in waiting)
        assert [one.result().status for one in waiting] == [202] * 4


# Reload, drain, restart.

def test_bad_configuration_keeps_the_old_one(front):
    config = pathlib.Path(front.env["CONFIG"])
    good = config.read_text()
    config.write_text(good + "\nnonsense {\n")
    front.reload("config.kept")
    assert front.send("test.ping").status == 200
    config.write_text(good)
    front.reload("config.loaded")


def test_new_secret_counts_after_reload(front):
    path = front.dir / "rotated-old.secret"
    old = path.read_text()
    path.write_text("whsec_" + "A" * 43 + "=\n")
    front.reload("config.loaded")
    ping_event = front.event("test.ping")
    assert front.deliver(ping_event, secret=front.secret["rotated-old"], source="rotated").status == 401
    assert front.deliver(ping_event, secret=front.secret["rotated-new"], source="rotated").status == 200
    path.write_text(old)
    front.reload("config.loaded")


def test_drain_answers_what_waits_and_ends_with_0(front):
    socket_file = pathlib.Path(front.env["PRIVATE"]) / "sock" / "drained.sock"
    program = subprocess.Popen([f"{front.env['BIN']}/bridge-fcgi", "intake", "--config", front.env["CONFIG"],
                                "--socket", str(socket_file)], stderr=subprocess.PIPE, text=True)
    front.until(socket_file.exists)
    assert socket_file.stat().st_mode & 0o777 == 0o660
    idle = Connection(socket_file)
    front.until(lambda: ping(front, idle).status == 200)
    busy = Connection(socket_file)
    assert ping(front, busy).status == 200
    body = json.dumps(front.create()).encode()
    with front.stuck():
        busy.send(front.params(body), body)
        front.until(front.blocked)
        program.send_signal(signal.SIGTERM)
        with pytest.raises(EOFError):
            idle.receive()
        assert not select.select([busy.socket], [], [], 0)[0]  # at once, not at the end
    assert busy.receive().status == 202
    assert program.wait(10) == 0
    assert not socket_file.exists()
    log = program.stderr.read()
    assert "event=program.draining" in log and "unanswered=0" in log
    idle.close()
    busy.close()


def test_who_has_connected_before_the_drain_is_still_answered(front):
    """More than are accepted in one round, while the program could not look."""
    socket_file = pathlib.Path(front.env["PRIVATE"]) / "sock" / "crowded.sock"
    program = subprocess.Popen([f"{front.env['BIN']}/bridge-fcgi", "intake", "--config", front.env["CONFIG"],
                                "--socket", str(socket_file)], stderr=subprocess.PIPE, text=True)
    front.until(socket_file.exists)
    first = Connection(socket_file)
    front.until(lambda: ping(front, first).status == 200)
    program.send_signal(signal.SIGSTOP)
    crowd = [Connection(socket_file) for _ in range(150)]
    body = json.dumps(front.event("test.ping")).encode()
    for opened in crowd:
        opened.send(front.params(body), body)
    program.send_signal(signal.SIGTERM)
    program.send_signal(signal.SIGCONT)
    assert {opened.receive().status for opened in crowd} == {200}
    assert program.wait(10) == 0
    program.stderr.close()
    for opened in [first, *crowd]:
        opened.close()


def test_socket_of_a_dead_process_is_taken_over_and_a_live_one_is_not(front):
    front.ctl("kill", "intake")
    front.ctl("start", "intake")
    front.ctl("ready")
    assert front.send("test.ping").status == 200
    command = [f"{front.env['BIN']}/bridge-fcgi", "intake", "--config", front.env["CONFIG"], "--socket",
               f"{front.env['PRIVATE']}/sock/intake.sock"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 71 and "another program listens" in second.stderr
    assert front.send("test.ping").status == 200


@pytest.mark.parametrize("words,status", [([], 64), (["intake"], 64), (["serve", "--socket", "x"], 64),
                                          (["intake", "--socket", "/x", "--socket-mode", "777"], 64),
                                          (["intake", "--socket", "/x", "--nonsense"], 64),
                                          (["intake", "--socket", "/x", "--config", "/nonexistent"], 78),
                                          (["--version"], 0), (["--help"], 0)])
def test_command_line(front, words, status):
    done = subprocess.run([f"{front.env['BIN']}/bridge-fcgi", *words], capture_output=True, text=True, timeout=10,
                          check=False)
    assert done.returncode == status, done


def test_memory_stays_small():
    """Of the build that ships: a sanitizer keeps what was freed."""
    with Front(VARIANT="release") as shipped:
        for _ in range(4):
            answers = together(shipped, [shipped.create() for _ in range(64)])
            assert {answer.status for answer in answers} == {202}
        assert 1024 < shipped.resident_kib() < 20 * 1024


# What the database may answer besides yes (last, because it changes the database's functions).

def together(front, events):
    """Posts them so that they gather behind a held commit and travel in one batch."""
    def post(event):
        body = json.dumps(event).encode()
        connection = opened.enter_context(contextlib.closing(front.connect()))
        connection.send(front.params(body), body)
        return connection

    with contextlib.ExitStack() as opened:
        with front.stuck():
            first = post(front.create())
            front.until(front.blocked)
            crowd = [post(event) for event in events]
            assert post(front.event("test.ping")).receive().status == 200  # read after them: all are there
        assert first.receive().status == 202
        return [connection.receive() for connection in crowd]


def test_one_poisoned_delivery_does_not_spoil_the_others(front):
    front.sql("""create function public.poison() returns trigger language plpgsql as
                 $$ begin if new.service_id = 'poison' then raise 'poisoned'; end if; return new; end $$;
                 create trigger poison before insert on bridge.orders for each row execute function public.poison()""")
    before = front.orders()
    events = [front.create(), front.create(), front.create(service_id="poison"), front.create(), front.create()]
    answers = together(front, events)
    assert [answer.status for answer in answers] == [202, 202, 503, 202, 202]
    assert front.orders() == before + 5
    front.sql("drop trigger poison on bridge.orders")
    assert front.deliver(events[2]).status == 202


def test_lost_races_are_tried_again_but_not_for_ever(front):
    front.sql("""create sequence public.races;
                 grant usage, select on sequence public.races to public;
                 -- What is ordinary goes by sets: another batch was quicker with these licenses.
                 create function public.taken() returns trigger language plpgsql as $$ begin
                   if new.service_id = 'hopeless' or new.service_id = 'racy' and (select last_value from public.races) < 4 then
                     raise unique_violation;
                   end if;
                   return new;
                 end $$;
                 create trigger taken before insert on bridge.license for each row execute function public.taken();
                 alter function bridge.intake_accept_one(bridge.intake_row) rename to intake_accept_real;
                 create function bridge.intake_accept_one(r bridge.intake_row) returns bridge.intake_result
                 language plpgsql as $$ begin
                   if r.service_id = 'racy' and nextval('public.races') < 4 or r.service_id = 'hopeless' then
                     return row(r.idx, 'again', null, null, null, null, null)::bridge.intake_result;
                   end if;
                   return bridge.intake_accept_real(r);
                 end $$""")
    before = front.orders()
    events = [front.create(), front.create(service_id="racy"), front.create(service_id="hopeless"), front.create()]
    answers = together(front, events)
    assert [answer.status for answer in answers] == [202, 202, 503, 202]
    assert front.orders() == before + 4
