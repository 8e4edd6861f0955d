"""Finds secrets in a text, one kind in each module."""
