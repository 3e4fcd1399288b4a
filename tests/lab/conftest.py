# SPDX-License-Identifier: GPL-2.0-or-later
"""One network for each mode, up as long as that mode's tests run."""
import types

import pytest

import appliance
import lab
import names

pytest_plugins = ["noskip"]

lab.prepare()

SANITIZER = ("AddressSanitizer", "LeakSanitizer", "runtime error:")


def build(mode):
    network = lab.Network(mode)
    zone = names.Names(network.resolver, network.folder)
    # This firewall forwards, also between interfaces without addresses: a mirror port has to be named.
    wildset = appliance.Wildset(network.firewall, interfaces=[network.interface],
                                capture='mirror = { "mirror" }' if mode == "mirror" else "")
    firewall = appliance.Firewall(network.firewall, wildset,
                                  "table" if mode == "path" else "mark")
    return types.SimpleNamespace(mode=mode, network=network, client=network.client, names=zone,
                                 resolver=network.resolver, wildset=wildset, firewall=firewall,
                                 crt=network.serve())


@pytest.fixture(scope="module", params=["path", "mirror"])
def world(request):
    place = build(request.param)
    try:
        place.firewall.load()
        place.wildset.start()
        yield place
        status, log = place.wildset.stop(), place.wildset.log()
        assert status == 0, f"wildsetd ended with {status}:\n{log}"
        assert not any(word in log for word in SANITIZER), log
    finally:
        place.network.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with what wildsetd said meanwhile."""
    report = (yield).get_result()
    place = getattr(item, "funcargs", {}).get("world")
    if report.failed and place is not None:
        report.sections.append(("wildsetd", place.wildset.log()[-6000:]))
