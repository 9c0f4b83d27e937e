"""`python -m submeter`: the command line, where no script is installed."""

from __future__ import annotations

import sys

from submeter.cli import main

sys.exit(main())
