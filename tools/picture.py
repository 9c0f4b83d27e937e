"""Draws what a command prints as a picture for the docs: `python tools/picture.py FILE.svg TITLE COMMAND ...`."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 112


def main() -> None:
    """Runs the command in colour and writes its output as SVG."""
    target, title, *command = sys.argv[1:]
    shown = subprocess.run(
        ["/usr/bin/env", f"COLUMNS={COLUMNS}", "FORCE_COLOR=1", "TERM=xterm-256color", *command],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(shown))
    picture = console.export_svg(title=title)
    # The template asks a font server for its font; a picture in a README must ask nobody.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    picture = re.sub(r"<!--.*?-->\s*", "", picture, flags=re.DOTALL)
    Path(target).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
