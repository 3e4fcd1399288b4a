# SPDX-License-Identifier: GPL-2.0-or-later
"""A feed as another firewall fetches it: over HTTP, from a real nginx with the shipped snippet."""
import os
import pathlib
import stat

import pytest

from clients import dig
from lab import wait_for

SNIPPET = pathlib.Path(__file__).parents[2] / "packaging/nginx/wildset-feeds.conf"
NGINX = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:8080;
        include {folder}/wildset-feeds.conf;
    }}
}}
"""
URL = "http://127.0.0.1:8080/wildset/lookback.txt"

# The same for each way that DNS takes.
pytestmark = pytest.mark.parametrize("world", ["path"], indirect=True, scope="module")


class Feed:
    def __init__(self, world):
        self.host = world.firewall.host
        self.folder = world.network.folder / "feeds"
        self.folder.mkdir()
        self.file = self.folder / "lookback.txt"

    def serve(self):
        text = SNIPPET.read_text(encoding="ascii").replace("/var/lib/wildset/feeds", str(self.folder))
        (self.folder.parent / "wildset-feeds.conf").write_text(text, encoding="ascii")
        configuration = self.folder.parent / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder.parent), encoding="ascii")
        self.host.start("nginx", "-c", configuration)

    def lines(self):
        return self.file.read_text(encoding="ascii").splitlines() if self.file.exists() else None

    def fetch(self, *options, url=URL):
        """Status and headers."""
        said = self.host.run("curl", "--silent", "--noproxy", "*", "--include", *options, url,
                             check=False).stdout
        head, _, body = said.partition("\n\n" if "\r" not in said else "\r\n\r\n")
        return (head.split(" ")[1] if head else None,
                dict(line.split(": ", 1) for line in head.splitlines()[1:]), body)


@pytest.fixture(scope="module")
def feed(world):
    feed = Feed(world)
    feed.serve()
    world.wildset.configure(extra=f'feed = "{feed.file}"\n    feed-linger = "4s"')
    world.wildset.reload()
    wait_for("an empty feed", lambda: feed.lines() == [])
    return feed


def test_addresses_of_both_families_are_fetched_sorted(world, feed):
    for kind in ("A", "AAAA"):
        dig(world.client, "eu1.dormammu.lookback.io", kind)
    dig(world.client, "four.dormammu.lookback.io")
    wanted = ["198.51.100.11", "198.51.100.14", "2001:db8:100::11"]
    wait_for("the addresses", lambda: feed.lines() == wanted)
    status, headers, body = feed.fetch()
    assert status == "200" and body.splitlines() == wanted
    assert headers["Content-Type"] == "text/plain"
    assert stat.S_IMODE(os.stat(feed.file).st_mode) == 0o644


def test_what_did_not_change_is_not_sent_again(world, feed):
    etag = feed.fetch()[1]["ETag"]
    assert feed.fetch("--header", f"If-None-Match: {etag}")[0] == "304"
    dig(world.client, "eu1.dormammu.lookback.io")  # an extension is no change
    dig(world.client, "many.dormammu.lookback.io")
    wait_for("the change", lambda: "198.51.100.21" in feed.lines())
    assert feed.fetch("--header", f"If-None-Match: {etag}")[0] == "200"


def test_nothing_else_is_served(feed):
    (feed.folder / "other.txt.new").write_text("draft", encoding="ascii")
    for url in ("other.txt.new", "", "../wildsetd.log", "%2e%2e/wildsetd.log"):
        assert feed.fetch("--path-as-is", url=f"http://127.0.0.1:8080/wildset/{url}")[0] in ("404", "400")
    assert feed.fetch("--request", "POST", "--data", "x")[0] in ("403", "405")


def test_an_address_lingers_past_its_lease(world, feed):
    dig(world.client, "short.dormammu.lookback.io")
    wait_for("it is in the feed", lambda: "198.51.100.70" in feed.lines())
    wait_for("its lease ends", lambda: not world.wildset.holds("198.51.100.70"))
    assert "198.51.100.70" in feed.lines(), "the reader has not come by yet"
    wait_for("it leaves the feed", lambda: "198.51.100.70" not in feed.lines())


def test_what_is_taken_back_leaves_at_once(world, feed):
    world.wildset.ask("forget", "198.51.100.14")
    wait_for("it left", lambda: "198.51.100.14" not in feed.lines(), timeout=3.5)


def test_a_restart_keeps_what_is_leased(world, feed):
    before = feed.lines()
    assert "198.51.100.11" in before
    world.wildset.stop()
    assert feed.lines() == before
    world.wildset.start()
    wait_for("status knows it", lambda: world.wildset.status()["feeds"][0].get("written"))
    assert "198.51.100.11" in feed.lines()


def test_a_folder_that_is_not_there_is_said_with_what_to_do(world, feed):
    missing = feed.folder / "missing" / "lookback.txt"
    world.wildset.configure(extra=f'feed = "{missing}"')
    world.wildset.reload()
    wait_for("the log says what to do", lambda: f"feed {missing} of whitelist lookback: No such file "
             "or directory: the directory does not exist; create it" in world.wildset.log())
    wait_for("the old file is emptied", lambda: feed.lines() == [])
    assert "No such file" in world.wildset.status()["feeds"][0]["problem"]
    world.wildset.configure(extra="")
    world.wildset.reload()
    wait_for("no feed", lambda: world.wildset.status()["feeds"] == [])


def test_a_feed_whose_key_went_while_wildsetd_was_down_is_emptied(world, feed):
    world.wildset.configure(extra=f'feed = "{feed.file}"')
    world.wildset.reload()
    wait_for("it is written", feed.lines)
    world.wildset.stop()
    assert feed.lines(), "the end takes nothing away"
    world.wildset.configure(extra="")
    world.wildset.start()
    wait_for("the file is emptied", lambda: feed.lines() == [])
    wait_for("it is done with", lambda: (feed.host.folder / "feed-files").read_text() == "")
