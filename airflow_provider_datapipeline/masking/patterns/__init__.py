"""Finds secrets in a text, one kind of secret in each module."""
