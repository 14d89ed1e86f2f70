"""Memory and rate of `hepatica cohort --charts` by the number of charts, of 100 entries each.

python benchmarks/chart_memory.py [CHARTS ...]

10,000 charts are drawn once, and written again under other ids into as many Parquet files as the
number asks for. The command runs in a process of its own, of which the peak is read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from chart_bulk import AS_OF, ENTRIES, draw, loaded

ROOT = Path(__file__).parent.parent
DRAWN = 10_000


def write(base: dict[str, pl.DataFrame], folder: Path, number: int) -> None:
    """Write charts; each ten thousand are the same but for their ids."""
    for name, frame in base.items():
        (folder / name).mkdir(parents=True)
        for k in range(number // DRAWN):
            ids = pl.concat_str(pl.lit(f"{k:04}-"), "patient").alias("patient")
            frame.with_columns(ids).write_parquet(folder / name / f"{k:04}.parquet")


def measured(folder: Path, out: Path) -> tuple[int, float, float]:
    """Run the command; give its peak in MB, and its seconds on the clock and of processors."""
    command = [sys.executable, str(ROOT / "cli.py"), "cohort", "--charts", str(folder),
               "--as-of", str(AS_OF), "--facts", str(out)]  # fmt: skip
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the command failed: {process.returncode}")
    return used.ru_maxrss // 1024, taken, used.ru_utime + used.ru_stime


def main() -> None:
    numbers = [int(text) for text in sys.argv[1:]] or [10_000, 50_000, 200_000]
    base = {name: table.frame.drop("row") for name, table in loaded(draw(DRAWN, 0.0)).items()}
    print(f"{'charts':>10} {'peak MB':>8} {'seconds':>8} {'processor':>9} {'charts/s':>9}")
    for number in numbers:
        with tempfile.TemporaryDirectory() as scratch:
            write(base, Path(scratch) / "charts", number)
            peak, taken, used = measured(Path(scratch) / "charts", Path(scratch) / "f.parquet")
        print(f"{number:10,} {peak:8,} {taken:8.1f} {used:9.1f} {number / taken:9,.0f}"
              f"   ({number * ENTRIES:,} entries)", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
