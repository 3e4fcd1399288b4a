# SPDX-License-Identifier: GPL-2.0-or-later
"""A set that was flushed is full again, and a restart leaves no hole."""
import json
import subprocess

from parts.kit import Missing
from parts.table import Row, median

# Leases, and the milliseconds in which they are to be back.
GOALS = ((10_000, 50), (100_000, 500), (262_144, 1_300))
LONGEST_TURN_MS = 100  # nobody else waits longer meanwhile
LARGE = 200_000  # one run: a take-over of so many takes seconds


def measure(bench, leases, runs):
    """In a network namespace of its own: what others left behind costs nothing."""
    done = subprocess.run(["unshare", "--net", bench.tool("refill"), str(leases), str(runs)],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Missing(done.stderr.strip() or f"refill ended with {done.returncode}")
    return json.loads(done.stdout)


def rows(bench):
    found = []
    for leases, goal in GOALS:
        told = measure(bench, leases, 1 if leases > LARGE else bench.runs(5))
        took = median(told["refill_ms"])
        found.append(Row("refill", f"{leases} leases back after a flush (most)",
                         f"{took:.1f} ms ({max(told['refill_ms']):.1f})", f"<= {goal} ms", took <= goal))
        found.append(Row("refill", f"{leases} leases: longest turn meanwhile", f"{told['turn_ms']:.1f} ms",
                         f"<= {LONGEST_TURN_MS} ms", told["turn_ms"] <= LONGEST_TURN_MS))
        found.append(Row("refill", f"{leases} leases: a restart's take-over, elements missing in looks",
                         f"{told['takeover_ms']:.1f} ms, {told['missing']} in {told['looks']}",
                         "none missing", told["missing"] == 0))
    return found
