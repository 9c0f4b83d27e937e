"""Programs of the release, run from the repository's root; nothing here is part of the wheel."""
