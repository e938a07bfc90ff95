# SPDX-License-Identifier: Apache-2.0
"""What a run found: the table, the file, the judgement and the last line.

Judged are promises (rows, transactions, memory), never absolute speed: the machine is unknown.
"""
import json

TX_PER_WEBHOOK = 0.25  # below this at 64 connections, or commits are not shared
INTAKE_MB = 20
WORKER_MB = 30


def ratio(found, name, other):
    """How much of `other`'s throughput `name` reaches; None when one was not measured."""
    parts = found["contenders"]
    if name not in parts or other not in parts or not parts[other]["rps"]["median"]:
        return None
    return parts[name]["rps"]["median"] / parts[other]["rps"]["median"]


def ratios(found):
    """What is compared: throughputs as theirs to ours, waits as ours to theirs."""
    parts, speed = found["contenders"], found["worker"].get("speed", {})

    def quotient(ours, theirs):
        return ours / theirs if ours and theirs else None

    def middle(spread):
        return spread["median"] if spread else None

    fastify = max(("fastify x1 64", "fastify x2 64"), key=lambda name: parts.get(name, {}).get("rps", {"median": 0})["median"])
    wait = {name: middle(parts.get(name, {}).get("p99_us")) for name in ("intake 64", fastify)}
    suspend = middle(speed.get("suspend"))
    return {
        "intake_vs_fastify": ratio(found, "intake 64", "fastify x1 64"),
        "intake_vs_fastify_x2": ratio(found, "intake 64", "fastify x2 64"),
        "intake_vs_php": ratio(found, "intake 64", "php-fpm 64"),
        "intake_vs_limit": ratio(found, "intake 64", "ceiling 64"),
        "intake_vs_nginx": ratio(found, "intake 64", "nginx 202 64"),
        "intake_p99_vs_fastify": quotient(wait["intake 64"], wait[fastify]),
        "intake_p50_vs_insert": quotient(middle(parts.get("intake 4", {}).get("p50_us")),
                                         (middle(found.get("bare_insert_ms")) or 0) * 1000),
        "worker_vs_graphile": quotient(suspend, middle(speed.get("graphile"))),
        "worker_vs_pgboss": quotient(suspend, middle(speed.get("boss"))),
        "worker_vs_limit": quotient(suspend, middle(speed.get("limit"))),
    }


def judge(found):
    """What breaks a promise, one sentence each."""
    for name, figures in found["contenders"].items():
        if not figures["ok"]:
            yield f"{name}: nothing was accepted ({figures['statuses']})"
        if figures.get("stored", figures["ok"]) != figures["ok"]:
            yield f"{name}: {figures['ok']} were answered 2xx and {figures['stored']} orders stored"
    shared = found["contenders"].get("intake 64", {}).get("tx_per_webhook")
    if shared and shared["median"] >= TX_PER_WEBHOOK:
        yield f"intake 64: {shared['median']:.2f} transactions per webhook, commits are not shared"
    yield from judge_memory(found)
    for name, turns in found["worker"].get("drains", {}).items():
        for turn in turns:
            if not turn["accepted"] == turn["effects"] == turn["succeeded"]:
                yield (f"worker {name}: {turn['accepted']} accepted, {turn['effects']} done upstream, "
                       f"{turn['succeeded']} succeeded")
    for name, wait in found["worker"].get("slow", {}).items():
        if wait["called"] != wait["sent"]:
            yield f"worker {name} at a slow rate: {wait['sent']} accepted, {wait['called']} called"


def worker_mb(found):
    """The most a worker ever held: before the long queue, or while it worked."""
    return max(found["memory"]["worker"]["rss_most_mb"], found["worker"]["rss_most_mb"])


def judge_memory(found):
    memory = found["memory"]
    if memory["intake_mb"] >= INTAKE_MB:
        yield f"intake: {memory['intake_mb']:.1f} MB resident, promised are less than {INTAKE_MB}"
    if worker_mb(found) >= WORKER_MB:
        yield f"worker: {worker_mb(found):.1f} MB resident, promised are less than {WORKER_MB}"


def cell(spread, scale=1.0, digits=0):
    """median (min–max)"""
    if not spread:
        return "–"
    median, least, most = (f"{spread[name] / scale:,.{digits}f}" for name in ("median", "min", "max"))
    return f"{median} ({least}–{most})"


def contender_rows(found):
    yield ("at nginx", "req/s", "p50 ms", "p99 ms", "tx/webhook", "CPU µs nginx", "program", "PostgreSQL",
           "foreign %", "2xx", "stored")
    for name, part in found["contenders"].items():
        yield (name, cell(part["rps"]), cell(part["p50_us"], 1000, 2), cell(part["p99_us"], 1000, 1),
               cell(part.get("tx_per_webhook"), 1, 3), cell(part.get("cpu_us_nginx")), cell(part.get("cpu_us_program")),
               cell(part.get("cpu_us_postgres")), cell(part.get("foreign"), 0.01), f"{part['ok']:,}", f"{part['stored']:,}" if "stored" in part else "–")


def worker_rows(found):
    yield ("worker", "orders/s", "202 to call: p50 ms", "p99 ms", "orders")
    for name, speed in found["worker"].get("speed", {}).items():
        wait = found["worker"].get("slow", {}).get(name, {})
        yield (name, cell(speed, 1, 1), f"{wait['p50_ms']:.1f}" if wait.get("called") else "–",
               f"{wait['p99_ms']:.1f}" if wait.get("called") else "–",
               f"{sum(turn['succeeded'] for turn in found['worker']['drains'][name]):,}")


def memory_rows(found):
    memory = found["memory"]
    yield ("memory", "MB", "limit")
    yield (f"intake, at most, {memory['intake_requests']:,} webhooks", f"{memory['intake_mb']:.1f}", str(INTAKE_MB))
    yield (f"worker, at most, {memory['worker']['queued']:,} orders queued", f"{memory['worker']['rss_most_mb']:.1f}",
           str(WORKER_MB))
    yield ("worker, at most, at work", f"{found['worker']['rss_most_mb']:.1f}", str(WORKER_MB))


def table_print(rows):
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for number, row in enumerate(rows):
        first, *others = zip(row, widths)
        print("  ".join([first[0].ljust(first[1])] + [text.rjust(width) for text, width in others]).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def last_line(found, wrong):
    """bench: ok key=value …; a failed run says the first thing that is wrong and how many there are."""
    if wrong:
        return f"bench: failed ({len(wrong)}) {wrong[0]}"
    parts, worker = found["contenders"], found["worker"]
    values = {name: "–" if value is None else f"{value:.2f}" for name, value in found["ratios"].items()}
    values |= {
        "intake_rps": f"{parts['intake 64']['rps']['median']:.0f}",
        "intake_p99_ms": f"{parts['intake 64']['p99_us']['median'] / 1000:.1f}",
        "tx_per_webhook": f"{parts['intake 64']['tx_per_webhook']['median']:.3f}",
        "intake_rss_mb": f"{found['memory']['intake_mb']:.1f}",
        "worker_rss_mb": f"{worker_mb(found):.1f}",
        "worker_rps": f"{worker['speed']['suspend']['median']:.0f}",
        "paid_rps": f"{worker['speed']['create']['median']:.0f}",
        "call_p99_ms": f"{worker['slow']['suspend']['p99_ms']:.0f}",
    }
    return "bench: ok " + " ".join(f"{name}={value}" for name, value in values.items())


def write(found, wrong, path):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**found, "wrong": wrong}, indent=1, ensure_ascii=False) + "\n")
