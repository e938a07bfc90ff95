# SPDX-License-Identifier: Apache-2.0
"""The system under test: two worker hosts, two front doors, sixteen accounts or more, times scaled down."""
import pathlib
import tempfile

from bridge import Rig, undisturbed

TYPES = ("cpanel", "litespeed", "litespeed_x_core", "cloudlinux", "imunify360", "softaculous")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
TIMES = {"CALL_TIMEOUT": "1s", "QUIET": "1s", "RETRY": "100ms .. 1s", "LEASE_MARGIN": "1s"}
QUIET_MS = 1000
SECRET = "whsec_Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2hhb3M="


def account_name(number):
    return f"a{number:02d}"


def product_code(upstream_type, account):
    return f"{upstream_type}-{account}"


def account_section(number, folder, settle):
    return f"""account {account_name(number)} {{
  provider      = "724license"
  base_url      = "@UPSTREAM_URL@"
  ca_file       = "@UPSTREAM_CA@"
  token_file    = "{folder}/{account_name(number)}.token"
  call_timeout  = "{TIMES['CALL_TIMEOUT']}"
  quiet         = "{TIMES['QUIET']}"
  window        = 4
  settle        = "{settle}"
  retry         = "{TIMES['RETRY']}"
  breaker_pause = "300ms"
  hints {{ short_of_credits = "bakiye"  exists = "mevcut"  already = "zaten" }}
}}
"""


def configuration(folder, settle, accounts):
    """Accounts, their products and the source `chaos`; every fourth account buys a recycled address anew."""
    parts, codes = [], ["lz-app"]
    for number in range(accounts):
        name = account_name(number)
        (folder / f"{name}.token").write_text(f"token-of-{name}\n")
        parts.append(account_section(number, folder, settle))
        recycled = "create" if number % 4 == 0 else "renew"
        for upstream_type in TYPES:
            code = product_code(upstream_type, name)
            codes.append(code)
            parts.append(f'product {code} {{ account = "{name}"  type = "{upstream_type}"  recycled = "{recycled}" }}\n')
    (folder / "chaos.secret").write_text(SECRET + "\n")
    quoted = ", ".join(f'"{code}"' for code in codes)
    parts.append(f'source chaos {{\n  format = "canonical"\n  secrets = {{ "{folder}/chaos.secret" }}\n'
                 f"  products = {{ {quoted} }}\n}}\n")
    return "".join(parts)


class Ground(Rig):
    """`with Ground(settle, seed, accounts) as ground:`; the second worker's wall clock follows `ground.clock_jump`."""

    def __init__(self, settle, seed, accounts, **more):
        self.accounts = accounts
        self.own = tempfile.TemporaryDirectory(prefix="bridge-chaos.")
        folder = pathlib.Path(self.own.name)
        self.clock = folder / "clock"
        self.clock.write_text("+0s\n")
        self.has_faketime = pathlib.Path(FAKETIME).exists()
        # Only the wall clock jumps: no system moves CLOCK_MONOTONIC or CLOCK_BOOTTIME by setting the time.
        jump = (f"LD_PRELOAD={FAKETIME} FAKETIME_TIMESTAMP_FILE={self.clock} FAKETIME_CACHE_DURATION=1 "
                "FAKETIME_DONT_FAKE_MONOTONIC=1")
        super().__init__(**{**TIMES, "WORKERS": 2, "INTAKES": 2, "SETTLE": settle, "STANDIN_SEED": seed,
                            "STANDIN_BALANCE": 1000000, "RIG_LISANSZONE_REQUESTS": 1000000, "RIG_LISANSZONE_PER": "10s",
                            "RIG_CONFIG": configuration(folder, settle, accounts),
                            "RIG_LAST_WORKER_ENV": jump if self.has_faketime else "", **more})

    def up(self):
        super().up()
        for number in range(self.accounts):
            name = account_name(number)
            self.control("account", {"name": name, "token": f"token-of-{name}", "balance": 100000000})
        self.control("zone", {"limiter": {"enabled": False}})

    def down(self):
        with undisturbed():
            super().down()
            self.own.cleanup()

    def clock_jump(self, offset):
        new = self.clock.with_suffix(".new")
        new.write_text(offset + "\n")
        new.replace(self.clock)
