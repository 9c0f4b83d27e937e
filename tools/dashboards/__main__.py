"""Writes `dashboards/`: `python -m tools.dashboards`; with `--check` it only says whether the folder is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.dashboards.written import files

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"


def main() -> int:
    """Writes every file, or compares; 1 when they differ."""
    wanted = files()
    stale = [name for name, text in wanted.items() if _present(name) != text]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"dashboards/{name} is out of date: run python -m tools.dashboards")
        return 1 if stale else 0
    for name in stale:
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
        print(f"wrote dashboards/{name}")
    return 0


def _present(name: str) -> str | None:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
