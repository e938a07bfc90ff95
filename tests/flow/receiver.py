# SPDX-License-Identifier: Apache-2.0
"""A panel's callback endpoint: verifies signatures by the published rules, and answers as told."""
import base64
import collections
import hashlib
import hmac
import json
import secrets
import time

from wire import Wire, reply

TOLERANCE_S = 300


def make_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def verified(secret, request):
    """Whether one of the request's signatures is `secret`'s, over these very bytes."""
    stamp, key = request.headers["webhook-timestamp"], base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{stamp}.".encode() + request.body
    mine = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return abs(time.time() - int(stamp)) < TOLERANCE_S and mine in request.headers["webhook-signature"].split(" ")


class Receiver(Wire):
    """`answers[service]` is a list of what the next notices of a service are answered, then 204: a status, or a
    function of the connection."""

    def __init__(self, certificate, **options):
        super().__init__(certificate, self._behave, **options)
        self.answers = collections.defaultdict(list)

    def _behave(self, connection, request):
        queue = self.answers[self.service(request)]
        answer = queue.pop(0) if queue else 204
        if callable(answer):
            answer(connection)
        else:
            connection.send(reply(answer, b"" if answer == 204 else b"{}"))

    @staticmethod
    def service(request):
        return request.json()["data"].get("service_id")

    def notices(self, service=None, kind=None):
        """The requests so far about a service, of a type."""
        with self.lock:
            return [r for r in self.seen if service in (None, self.service(r)) and kind in (None, r.json()["type"])]

    def wait(self, count, service=None, kind=None, seconds=20):
        end = time.monotonic() + seconds
        while len(self.notices(service, kind)) < count:
            assert time.monotonic() < end, [(r.json()["type"], self.service(r)) for r in self.seen]
            time.sleep(0.02)
        return self.notices(service, kind)
