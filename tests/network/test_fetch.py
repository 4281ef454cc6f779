"""Fetching networks from a local server that is good, slow, broken or sends wrong data."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request

import local_server as server
import pytest
from local_server import Site, served
from refusals import refused

import hpe_nb as hpe
from hpe_nb.network import download, loading, registry
from hpe_nb.network.registry import NETWORKS, REFERENCE, SHIPPED, KnownNetwork, NetworkFile, cached, fetch

XML, BIN = b"<net/>" * 50, random.Random(0).randbytes(300_000)
SHORT = 1.5
"""Timeout in seconds for servers that never answer."""
LONG = 60.0
"""Timeout in seconds for servers that answer, even on a busy machine."""


TOY = KnownNetwork(
    *("toy", "toy.", 1.0, 448),
    tuple(
        NetworkFile(f"toy/FP16/toy{ending}", len(data), hashlib.sha384(data).hexdigest())
        for ending, data in ((".xml", XML), (".bin", BIN))
    ),
)
"""A network of two small files."""


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server with the toy network, an empty cache, and no proxy."""
    monkeypatch.setitem(NETWORKS, "toy", TOY)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    for name in ("HPE_NB_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with served({"toy.xml": XML, "toy.bin": BIN}) as site:
        monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path_factory.mktemp("c")))  # short: sentences show it whole
        monkeypatch.setenv("HPE_NB_MIRROR", site.address)
        yield site


def in_cache() -> list[str]:
    """Names of all files in the cache, including hidden ones."""
    return sorted(path.name for path in registry.cache_dir().rglob("*") if path.is_file())


def test_files_are_fetched_from_a_good_server(site: Site) -> None:
    half = registry.cache_dir() / "toy" / "FP16" / ".toy.bin.0123abcd.part"  # what a killed process left
    half.parent.mkdir(parents=True)
    half.write_bytes(BIN[:1000])
    os.utime(half, (0, 0))
    assert cached("toy") is None
    seen: list[tuple[int, int]] = []
    path = fetch("toy", progress=lambda done, total: seen.append((done, total)))
    assert path == cached("toy") == registry.cache_dir() / "toy" / "FP16" / "toy.xml"
    assert (path.read_bytes(), path.with_suffix(".bin").read_bytes()) == (XML, BIN)
    assert in_cache() == ["toy.bin", "toy.xml"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(XML) + len(BIN),) * 2
    assert len(seen) > 4
    fetch("toy")
    assert len(site.asked) == 2  # the second time nothing is asked for


REST = "bytes=150000-"
"""The second half of the weights."""


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        pytest.param([server.error(503), server.error(429)], [None] * 3, id="503, 429, then well"),
        pytest.param([server.cut(0.5)], [None, REST], id="cut, then the rest"),
        pytest.param([server.cut(0.5), server.error(500)], [None, REST, REST], id="cut, 500, then the rest"),
        pytest.param([server.cut(0.5), server.without_ranges], [None, REST], id="cut, then all again"),
        pytest.param([server.login_page, server.without_ranges], [None, "bytes=26-"], id="log-in page, then well"),
        pytest.param([server.stuck], [None, REST], id="stuck, then the rest"),
    ],
)
def test_temporary_errors_are_retried(answers: list[server.Answer], asked: list[str | None], site: Site) -> None:
    site.answers["toy.bin"] += [*answers, server.whole]
    timeout = 3.0 if server.stuck in answers else LONG
    assert fetch("toy", timeout=timeout).with_suffix(".bin").read_bytes() == BIN
    assert [span for path, span in site.asked if path.endswith(".bin")] == asked
    assert in_cache() == ["toy.bin", "toy.xml"]


@pytest.mark.parametrize(
    ("answer", "sentence", "tries", "timeout"),
    [
        pytest.param(server.error(404), "answered 404", 1, LONG, id="404"),
        pytest.param(server.error(500), "answered 500 .* after 3 tries", 3, LONG, id="500"),
        pytest.param(server.cut(0.9), "sent .* of 300000 bytes", 3, LONG, id="cut each time"),
        pytest.param(server.more_unannounced, "more than the published 300000 bytes", 1, LONG, id="bytes without end"),
        pytest.param(server.other_bytes, "its SHA-384 is not the published one", 1, LONG, id="other bytes"),
        pytest.param(server.login_page, "sent 26 of 300000 bytes", 3, LONG, id="log-in page"),
        pytest.param(server.silent, "no answer within 1.5 s", 3, SHORT, id="silent", marks=pytest.mark.slow),
        pytest.param(server.stuck, r"broke \(.*timed out\)|no answer", 3, SHORT, id="stuck", marks=pytest.mark.slow),
        pytest.param(server.dripping, r"only \d+ bytes in|no answer", 3, SHORT, id="drip", marks=pytest.mark.slow),
    ],
)
def test_lasting_errors_are_reported(
    answer: server.Answer, sentence: str, tries: int, timeout: float, site: Site
) -> None:
    site.answers["toy.bin"] = [answer]
    said = refused(sentence, fetch, "toy", timeout=timeout, tries=3)
    assert len([path for path, _ in site.asked if path.endswith(".bin")]) == tries
    assert in_cache() == ["toy.xml"]
    assert cached("toy") is None
    for part in (f"{site.address}/toy/FP16/toy.bin", str(registry.cache_dir() / "toy" / "FP16")):
        assert part in said  # whence, and where to put it by hand


@pytest.mark.usefixtures("site")
def test_addresses_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for base, sentence, timeout in (
        ("http://127.0.0.1:9", "refused|Errno|WinError", LONG),
        ("http://no-such-host.invalid", "could not be fetched", SHORT),
        ("nonsense", "unknown url type", LONG),
    ):
        monkeypatch.setenv("HPE_NB_MIRROR", base)
        refused(sentence, fetch, "toy", timeout=timeout, tries=1)
        assert in_cache() == []


def test_no_redirect_from_https_to_http() -> None:
    follow = download.SafeRedirects().redirect_request
    for old, new in (("https", "https"), ("http", "http"), ("http", "https")):
        request = follow(Request(f"{old}://a/"), None, 302, "", {}, f"{new}://b/")
        assert request is not None
        assert request.full_url == f"{new}://b/"
    with pytest.raises(download.TransferError, match="redirects from https to http://b/, which is not safe"):
        follow(Request("https://a/"), None, 302, "", {}, "http://b/")


@pytest.mark.parametrize("mirror", ["{}/stick", "stick/", "~/stick"], ids=["whole path", "from here", "from home"])
def test_a_folder_can_be_the_mirror(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HPE_NB_MIRROR", mirror.format(tmp_path))
    stick = tmp_path / "stick" / "toy" / "FP16"
    stick.mkdir(parents=True)
    (stick / "toy.xml").write_bytes(XML)
    refused(r"toy\.bin", fetch, "toy")
    (stick / "toy.bin").write_bytes(BIN)
    assert fetch("toy").with_suffix(".bin").read_bytes() == BIN
    assert site.asked == []


def test_a_proxy_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.address)
    monkeypatch.setenv("HPE_NB_MIRROR", "http://models.invalid/zoo/")
    fetch("toy")
    assert site.asked[0][0] == "http://models.invalid/zoo/toy/FP16/toy.xml"


def test_two_simultaneous_downloads_both_succeed(site: Site) -> None:
    site.answers["toy.bin"] = [server.cut(0.4), server.cut(0.6), server.whole]
    with ThreadPoolExecutor(4) as pool:
        (path,) = set(pool.map(lambda _: fetch("toy", timeout=LONG), range(4)))
    assert path.with_suffix(".bin").read_bytes() == BIN
    assert in_cache() == ["toy.bin", "toy.xml"]


@pytest.mark.parametrize(("forbids", "allows"), [("1", "0"), ("yes", "")])
@pytest.mark.parametrize("weights", [BIN[:-1], BIN[:-1] + b"?", b""], ids=["short", "other", "empty"])
def test_files_copied_by_hand_are_used_offline_and_wrong_ones_reported_and_replaced(
    weights: bytes, forbids: str, allows: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPE_NB_OFFLINE", forbids)
    refused("HPE_NB_OFFLINE is set", fetch, "toy")
    for file, data in zip(TOY.files, (XML, BIN), strict=True):
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.path.write_bytes(data)
    assert fetch("toy") == cached("toy")
    assert site.asked == []
    file.path.write_bytes(weights)
    refused(r"toy.bin is not the published file.*hpe-nb fetch toy\.$", cached, "toy")
    monkeypatch.setenv("HPE_NB_OFFLINE", allows)
    site.answers["toy.bin"] = [server.error(404), server.whole]
    refused("404", fetch, "toy")
    refused("tries=0", fetch, "toy", tries=0)  # no bytes at all would be proven by nothing
    assert file.path.read_bytes() == weights  # nothing is lost
    assert fetch("toy").with_suffix(".bin").read_bytes() == BIN


def test_a_cache_that_cannot_be_written_is_reported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(done: int, _: int) -> None:
        if done > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    refused(r"toy.bin could not be written \(No space left on device\)", fetch, "toy", progress=full)
    assert in_cache() == ["toy.xml"]
    (tmp_path / "file").write_bytes(b"precious")
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path / "file"))
    assert cached("toy") is None
    refused("could not be written", fetch, "toy")
    assert (tmp_path / "file").read_bytes() == b"precious"
    assert len(site.asked) == 2  # asking again would not help


def test_auto_tries_once_reports_it_and_never_raises(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "REFERENCE", "toy")
    site.answers["toy.bin"] = [server.error(500), server.whole]
    said: list[str] = []
    assert loading._best_at_hand(said.append) == SHIPPED
    assert "Fetching toy (0 MB) once into" in said[0]
    assert "HPE_NB_OFFLINE=1" in said[0]
    assert "500" in said[1]
    assert loading._best_at_hand(said.append) == "toy" == cached("toy").stem


def test_the_registry_is_complete() -> None:
    fetched = [each for each in NETWORKS.values() if not each.shipped]
    digests = [[file.sha384 for file in network.files] for network in fetched]
    assert all(len(bytes.fromhex(digest)) == 48 for pair in digests for digest in pair)
    assert [len(set(each)) for each in zip(*digests, strict=True)] == [3, 1]  # they have their weights in common
    assert fetch(SHIPPED) == cached(SHIPPED) == hpe.sample(f"{SHIPPED}.xml")
    refused(f"'pose-net' was given.*{REFERENCE}", fetch, "pose-net")


def test_the_cache_folder_follows_the_system_or_the_environment_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HPE_NB_CACHE", raising=False)
    assert registry.cache_dir().is_absolute()
    assert "hpe-nb" in registry.cache_dir().parts
    monkeypatch.chdir(tmp_path)
    for name, place in (("~/somewhere", Path.home() / "somewhere"), ("here", tmp_path / "here")):
        monkeypatch.setenv("HPE_NB_CACHE", name)
        assert registry.cache_dir() == place
