"""Distro: composes the host half: start by one variable, providers, exporters, and the evaluator in the app."""
