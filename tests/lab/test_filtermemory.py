# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that gives little memory for filters: a coarser one, which is said."""
import pytest

from lab import wait_for
from taps import Taps

OPTMEM = "/proc/sys/net/core/optmem_max"


@pytest.fixture
def taps():
    place = Taps(["tap0"], extra='follow = "answer"')
    yield place
    place.close()


def test_little_memory_for_filters_is_said(taps):
    assert taps.interface("tap0")["filter"] == "names"
    with taps.firewall.entered():
        try:
            with open(OPTMEM, "w", encoding="ascii") as limit:
                limit.write("5000")
        except OSError as reason:  # one for all namespaces, in older kernels
            pytest.skip(f"{OPTMEM}: {reason}")
    taps.wildset.reload()
    wait_for("a coarser one", lambda: taps.interface("tap0").get("filter_reason") == "refused")
    assert taps.interface("tap0")["filter"] == "port 53"
    taps.learns_over("tap0", "203.0.113.1")
    assert "net.core.optmem_max" in taps.wildset.log()
    said = taps.wildset.ask("status")
    assert 'only one for "port 53"' in said and "sysctl net.core.optmem_max=131072" in said, said
