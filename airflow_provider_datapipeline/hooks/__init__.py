"""Hooks: the calls of AWS Data Pipeline that a task runner makes."""
