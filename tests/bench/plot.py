#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""plot.py [RESULT [SVG]]: draws what `make bench` found (build/bench.json) as docs/bench.svg: medians, with the least and
the most of the rounds.  Needs Debian's python3-matplotlib."""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOOR = (("php-fpm 64", "PHP-FPM, 8 workers"), ("fastify x1 64", "fastify, 1 process"), ("fastify x2 64", "fastify, 2 processes"),
        ("intake 64", "License Bridge"))
WORK = (("graphile", "graphile-worker + undici"), ("boss", "pg-boss + undici"), ("suspend", "License Bridge"),
        ("limit", "curl_multi, stores nothing"))


def bars(axes, title, unit, figures):
    names = [name for name, _ in figures]
    middle = [spread["median"] for _, spread in figures]
    errors = [[spread["median"] - spread["min"] for _, spread in figures],
              [spread["max"] - spread["median"] for _, spread in figures]]
    colours = ["#2a6f97" if name == "License Bridge" else "#a9a9a9" for name in names]
    axes.barh(names, middle, xerr=errors, color=colours, ecolor="#555555", capsize=3)
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(unit, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    result = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench.json")
    target = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/bench.svg")
    found = json.loads(result.read_text())
    parts, speed = found["contenders"], found["worker"]["speed"]
    matplotlib.rcParams["svg.hashsalt"] = "license-bridge"
    figure, (rate, wait, work) = pyplot.subplots(3, 1, figsize=(7, 6))
    bars(rate, "New orders, 64 connections, answered after COMMIT", "webhooks a second",
         [(label, parts[name]["rps"]) for name, label in DOOR])
    bars(wait, "… and how long the slowest hundredth waits", "p99, ms",
         [(label, {k: v / 1000 for k, v in parts[name]["p99_us"].items()}) for name, label in DOOR])
    bars(work, "Repeatable calls at one upstream, outcome stored", "orders a second",
         [(label, speed[name]) for name, label in WORK])
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    print(target)


main()
