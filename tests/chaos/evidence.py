# SPDX-License-Identifier: Apache-2.0
"""Reads what the judge joins: our tables through SQL, the upstream's ledger through its control pages."""
import time

import psycopg
from psycopg.rows import dict_row

import judge
from judge import Order

ORDERS = """
select o.order_id, o.license_id, o.service_id, substr(o.type::text, 9) as type, o.provider, o.account,
       o.upstream_type, o.state::text as state, host(o.ip) as ip, host(o.new_ip) as new_ip, o.new_upstream_type,
       o.license_key, o.reason_code, o.reason, o.paid, floor(extract(epoch from o.created_at) * 1000)::bigint as created_ms,
       o.order_sequence, o.position, o.sent_attempt,
       coalesce((select array_agg(h.reason order by h.at) from bridge.order_history h
                 where h.order_id = o.order_id and h.to_state = 'needs_review'), '{}') as tray,
       o.doubted or exists (select from bridge.order_history h where h.order_id = o.order_id and h.to_state = 'in_doubt')
         or exists (select from bridge.attempt a where a.order_id = o.order_id and a.verdict = 'unsure') as doubted,
       exists (select from bridge.order_history h where h.order_id = o.order_id and h.from_state = 'in_doubt'
               and h.to_state = 'queued') as tried_again,
       coalesce((select array_agg(floor(extract(epoch from a.started_at) * 1000)::bigint order by a.started_at)
                 from bridge.attempt a where a.order_id = o.order_id), '{}') as attempts
from bridge.orders o"""
LICENSES = """
select license_id, provider, account, upstream_type, status::text as status, host(ip) as ip from bridge.license"""
# The head of each line that has work, and, where it waits for a pair, who stands in its way: the pair's holder, or the
# earliest of those who wait for it.
HEADS = """
select l.license_id, l.pending, o.state::text as state, o.waits_pair is not null as waits,
       coalesce(p.license_id, (select w.license_id from bridge.orders w
                               where w.waits_pair = o.waits_pair and w.license_id <> o.license_id
                                 and w.order_id < o.order_id order by w.order_id limit 1)) as holder
from bridge.line l join bridge.orders o on o.order_id = l.head_order
left join bridge.pair p on p.pair_id = o.waits_pair and p.license_id <> o.license_id
where l.pending > 0"""


class Tables:
    """SQL against the rig's database, through its crashes."""

    def __init__(self, rig):
        self.url = rig.env["DATABASE_URL"]

    def rows(self, sql, parameters=(), seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(self.url, connect_timeout=5, row_factory=dict_row) as connection:
                    return connection.execute(sql, parameters).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def sweep(self):
        """What autovacuum would do: a crash makes PostgreSQL forget what there is to clean."""
        try:
            with psycopg.connect(self.url, connect_timeout=5, autocommit=True) as connection:
                connection.execute("vacuum analyze bridge.line, bridge.orders, bridge.account, bridge.pair, "
                                   "bridge.license, bridge.spending_window")
        except psycopg.Error:
            pass  # it is down just now

    def orders(self, where="", parameters=()):
        return [Order(**row) for row in self.rows(f"{ORDERS} {where}", parameters)]

    def licenses(self):
        return self.rows(LICENSES)

    def moving(self):
        """How many orders go on by themselves."""
        heads = self.rows(HEADS)
        moving = judge.lines_moving(heads)
        return sum(row["pending"] for row in heads if row["license_id"] in moving)

    def heads(self):
        return self.rows(HEADS)

    def deliveries(self):
        return {row["delivery_id"]: row["order_id"] for row in self.rows("select delivery_id, order_id "
                                                                         "from bridge.delivery")}


class Upstream:
    """The stand-in's control pages, through the restarts of the nginx in front of them."""

    def __init__(self, rig):
        self.rig = rig

    def ask(self, page, body=None, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.rig.control(page, body)
            except (OSError, RuntimeError, ValueError) as error:
                # A page that says no says so again; a connection that broke does not.
                if isinstance(error, RuntimeError) and "<400" in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def pages(self, page, member):
        since, found = 0, []
        separator = "&" if "?" in page else "?"
        while True:
            answer = self.ask(f"{page}{separator}since={since}&limit=20000")
            found += answer[member]
            if len(answer[member]) < 20000:
                return found
            since = answer["next"]

    def calls(self, **filters):
        page = "ledger" + ("?" + "&".join(f"{k}={v}" for k, v in filters.items()) if filters else "")
        return self.pages(page, "calls")

    def licenses(self):
        return self.pages("licenses", "licenses")
