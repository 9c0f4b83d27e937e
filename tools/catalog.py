"""Generates the price table of the wheel: `python -m tools.catalog`, or `make catalog`.

Downloads the wheels of two packages as data (nothing of them is installed or run), merges what they know into
`src/submeter/catalog/table.jsonl`, keeps their notices beside it and lists their differences in `tools/catalog.tsv`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from tools.catalog_genai import read_genai
from tools.catalog_litellm import read_litellm
from tools.catalog_merge import Merged, merged
from tools.catalog_table import report_of, table_of

if TYPE_CHECKING:
    from tools.catalog_row import Row

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "submeter" / "catalog"
PACKAGES = ("genai-prices", "litellm")

ROWS_AT_LEAST = 3_000
BYTES_AT_MOST = 500_000

_NOTICE = """The table of prices and limits in this folder, table.jsonl, is generated from data of two packages.
A row's source, or that of its section in the first line, is a letter: g is {genai}, l is {litellm}, b is both.

{genai}:

{genai_licence}

{litellm}, of which the table of models is outside the directory "enterprise":

{litellm_licence}
"""


def main() -> None:
    """Downloads, merges, writes and says what became of it."""
    parser = argparse.ArgumentParser(description="Generates the price table of the wheel.")
    parser.add_argument("--wheels", type=Path, default=ROOT / "build" / "catalog", help="folder with the two wheels")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the table's version")
    options = parser.parse_args()
    wheels = [_wheel(package, options.wheels) for package in PACKAGES]
    names = [" ".join(wheel.name.split("-")[:2]).replace("_", "-") for wheel in wheels]
    result = merged(read_genai(wheels[0]), read_litellm(wheels[1]), options.date)
    text = table_of(result.sections, names, options.date)
    _check(text, result)
    (FOLDER / "table.jsonl").write_text(text, encoding="utf-8", newline="\n")
    licences = [_licence(wheel) for wheel in wheels]
    notice = _NOTICE.format(genai=names[0], genai_licence=licences[0], litellm=names[1], litellm_licence=licences[1])
    (FOLDER / "NOTICE").write_text(notice, encoding="utf-8")
    (ROOT / "tools" / "catalog.tsv").write_text(report_of(result), encoding="utf-8")
    rows = sum(map(len, result.sections.values()))
    sys.stdout.write(
        f"{rows} models of {len(result.sections)} providers in {len(text.encode()) // 1000} kB, version "
        f"{options.date}; {len(result.conflicts)} differences between the sources in tools/catalog.tsv\n"
    )


def _wheel(package: str, folder: Path) -> Path:
    """The wheel of `package` in `folder`, downloaded if there is none."""
    pattern = package.replace("-", "_") + "-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
        subprocess.run(command, check=True)
    return max(folder.glob(pattern))


def _licence(wheel: Path) -> str:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        return archive.read(name).decode().strip()


def _check(text: str, result: Merged) -> None:
    rows: list[Row] = [row for section in result.sections.values() for row in section]
    if len(rows) < ROWS_AT_LEAST or len(text.encode()) > BYTES_AT_MOST:
        sys.exit(
            f"{len(rows)} models in {len(text.encode())} bytes: expected at least {ROWS_AT_LEAST} in at most "
            f"{BYTES_AT_MOST}. Look at what the new wheels changed, then adapt the readers or these bounds."
        )


if __name__ == "__main__":
    main()
