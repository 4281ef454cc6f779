"""A little of every fault, so that the script of the full table stays alive."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's /proc")
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--only", "decodings", "--decodings", "200"], id="decodings"),
        pytest.param(["--only", "damaged", "--damages", "56"], id="damaged files"),
        pytest.param(["--only", "fetch killed", "--kills", "2"], id="fetch killed"),
        pytest.param(["--only", "photo run killed", "--kills", "1"], id="photo run killed"),
        pytest.param(["--only", "two runs", "--kills", "1"], id="two runs at once"),
        pytest.param(["--only", "frames", "--frames", "300"], id="a film"),
    ],
)
def test_a_little_of_every_fault(arguments: list[str]) -> None:
    from faults import main

    assert main(arguments) == 0
