# SPDX-License-Identifier: GPL-2.0-or-later
"""How many answers a second, each with a name and an address that are new, become elements without loss."""
import re
import time

from parts.element import Wire
from parts.kit import Wildset
from parts.table import Row

ANSWERS = 40_000
RATES = (1_500, 5_000, 20_000, 40_000)
GOAL = 20_000  # answers a second without loss
SENDER_CPU = 0


def measure(bench, capture, rate, level, answers):
    """(elements in the two sets, messages lost on the way to the daemon, answers learned, seconds it took to send)."""
    with Wire(), Wildset(bench, "fw", "f0", latency="normal", most=2 * ANSWERS, level=level) as wildset:
        time.sleep(0.3)
        out = bench.run([bench.tool("flood"), "--rate", 2 * rate, "--frames", 2 * answers, "--cpu", SENDER_CPU, capture,
                         "p0"], netns="peer")
        took = int(re.fullmatch(r"sent (\d+) ns (\d+)", out.strip())[2]) / 1e9
        time.sleep(1.5)  # and the second's report is in
        status = wildset.status()
        listed = "".join(bench.run(["nft", "list", "set", "inet", "wildset", f"lookback{family}"], netns="fw")
                         for family in (4, 6))
        counters = status["sources"][0]["counters"]
        return len(re.findall(r"\bexpires\b", listed)), counters.get("answers-lost", 0), counters.get("learned", 0), took


def rows(bench):
    capture = bench.folder / "many.pcap"
    bench.run([bench.tool("generate"), "--answers", ANSWERS, "--every", 1, capture])
    found = []
    for level in ("alarms", "grants"):
        for rate in RATES:
            answers = min(ANSWERS, 2 * rate)
            elements, lost, learned, took = measure(bench, capture, rate, level, answers)
            missing = answers - elements
            found.append(Row("many", f"{rate} answers/s, new addresses, log = {level}",
                             f"{missing} of {answers} missing ({lost} lost, {learned} learned), {answers / took:.0f}/s",
                             "none missing" if rate <= GOAL else "", missing == 0 if rate <= GOAL else None))
    return found
