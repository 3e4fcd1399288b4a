# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames as nobody should send them, to the live sniffer: it reads on, and it is the same process."""
import os
import pathlib
import random
import time

from scapy.all import RawPcapReader

from lab import wait_for
from taps import Taps

SECONDS = float(os.environ.get("WILDSET_RANDOM_SECONDS", "3"))
CAPTURES = pathlib.Path(__file__).parents[1] / "captures"
MOST = 1514  # what the interface takes
EVERYTHING = 'checksums = "ignore"\n    decapsulate = { ' + ", ".join(
    f'"{kind} from {sender}"' for kind in ("gre", "erspan", "vxlan", "geneve", "ipip", "tzsp", "gtp")
    for sender in ("0.0.0.0/0", "::/0")) + " }"


def frames_of_captures():
    """Those with Ethernet in front: tags, tunnels, fragments, TCP, and what is hostile already."""
    frames = []
    for path in sorted(CAPTURES.glob("*.pcap")):
        if path.name in ("empty.pcap", "garbage.pcap", "unknown-link.pcap"):
            continue
        reader = RawPcapReader(str(path))
        if reader.linktype == 1:
            frames += [bytes(frame) for frame, _ in reader if 14 <= len(frame) <= MOST]
        reader.close()
    return frames


def spoiled(chance, frame):
    """Bits turned, cut short, longer than it says, or noise altogether; some stay as they are."""
    frame = bytearray(frame)
    for _ in range(chance.choice((0, 1, 1, 2, 8))):
        frame[chance.randrange(12, len(frame))] ^= 1 << chance.randrange(8)
    kind = chance.randrange(12)
    if kind == 0:
        del frame[chance.randrange(14, len(frame) + 1):]
    elif kind == 1:
        frame += chance.randbytes(chance.randrange(1, 64))
    elif kind == 2:
        frame[14:] = chance.randbytes(chance.randrange(1, 600))
    return bytes(frame[:MOST])


def test_random_frames_end_nothing():
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    frames = frames_of_captures()
    assert len(frames) > 300
    taps = Taps(["tap0"], capture=EVERYTHING)
    try:
        pid = taps.wildset.status()["sources"][0]["pid"]
        end = time.monotonic() + SECONDS
        sent = 0
        while time.monotonic() < end:
            batch = [spoiled(chance, chance.choice(frames)) for _ in range(500)]
            taps.send("tap0", *batch)
            sent += len(batch)
        print(f"seed {seed}: {sent} frames")
        taps.learns_over("tap0", "203.0.113.21")
        wait_for("they were read", lambda: taps.interface("tap0").get("received", 0) > sent / 10)
        source = taps.wildset.status()["sources"][0]
        assert (source["pid"], source["restarts"], source["violations"]) == (pid, 0, 0), f"seed {seed}"
    finally:
        taps.close()
