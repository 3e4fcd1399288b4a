#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are no captures, or only partly."""

from scene import POINTER, Scene, a, capture, main, pcap, pcapng


def good():
    return Scene().exchange([a(POINTER)]).exchange([a(POINTER, "198.51.100.8")], ident=2)


@capture("garbage.pcap")
def garbage():
    return b"This is no capture file, whatever its name says.\n" * 4


@capture("empty.pcap")
def empty():
    return b""


@capture("no-frames.pcap")
def no_frames():
    return pcap(Scene())


@capture("truncated.pcap")
def truncated():
    """Ends inside the last frame."""
    return pcap(good())[:-10]


@capture("truncated.pcapng")
def truncated_next_generation():
    return pcapng(good())[:-10]


@capture("lying-frame.pcap")
def lying_frame():
    """A frame header that claims two gigabytes."""
    data = pcap(good())
    return data + data[24:32] + b"\xff\xff\xff\x7f" * 2 + b"x"


@capture("unknown-link.pcap")
def unknown_link():
    """DLT_USER0."""
    return pcap(Scene(link_type=147).exchange([a(POINTER)]))


if __name__ == "__main__":
    main()
