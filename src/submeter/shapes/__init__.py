"""Shapes: how a family of SDKs is wrapped, written once per family and never per provider."""
