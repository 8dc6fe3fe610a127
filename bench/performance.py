"""Measures what grows with the ledger: appends, gates, readers; side by side with the nearest other thing, in one run.

The ledgers are of real signed entries (`tests/signed_ledgers`), made once and kept in the cache: some 300 entries a
second. With the sizes 10 and 1,000 all of it takes two minutes, once they are made.

    python -m bench.performance [--write] [--sizes N,…]     # --write: into docs/performance.json and its page
"""

from __future__ import annotations

import argparse
import itertools
import sys
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from bench import appends, gates, performance_page, readers, results, verifying, writers
from tests.signed_ledgers.making import CACHE, cached
from tests.signed_ledgers.plan import BETWEEN, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.results import Measured
    from tests.signed_ledgers.making import SignedLedger

SIZES = (10, 100, 1_000, 10_000, 100_000)
#: How many entries lie after the newest audit, of each size: none, and as many as may.
AFTER: Final = (0, BETWEEN)
#: Of the sandboxes that sign: one for each size, so that two can answer at once. No system hands out such ports itself.
FIRST_PORT = 28_471


def main() -> None:
    """Print what was measured; with --write, keep it."""
    parser = argparse.ArgumentParser(description="Measures what grows with the ledger.")
    parser.add_argument("--write", action="store_true", help="keep it in docs/performance.json, and write the page")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="entries of the ledgers")
    options = parser.parse_args()
    measured = []
    for each in _measured(sorted({int(size) for size in options.sizes.split(",") if size})):
        print(performance_page.row(each), flush=True)
        measured.append(each)
    if options.write:
        results.write(results.here(measured))
        performance_page.write()


def _measured(sizes: Sequence[int]) -> Iterator[Measured]:
    for size, after in itertools.product(sizes, AFTER):
        if after < size:
            yield from (replace(each, after=after) for each in _at(_ledger(size, after), _ledger(10, 0)))
        if after == 0:  # whoever reads all of it finds the same work, wherever audits are
            yield from readers.measure(_ledger(size, 0))
    yield writers.measure(_ledger(10, 0), CACHE)
    yield from verifying.measure()


def _at(made: SignedLedger, small: SignedLedger) -> Iterator[Measured]:
    yield from appends.measure(made, CACHE)
    yield gates.measure(made, small, CACHE)


@cache
def _ledger(size: int, after: int) -> SignedLedger:
    print(f"a ledger of {size:,} entries, {after} of them after the newest audit", file=sys.stderr, flush=True)
    port = FIRST_PORT + (SIZES.index(size) if size in SIZES else len(SIZES))
    return cached(Parameters(size, after=after, port=port))


if __name__ == "__main__":
    main()
