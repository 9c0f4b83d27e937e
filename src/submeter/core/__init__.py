"""Core of the host half: one call from its opening to its only end, and the guard around our own code."""
