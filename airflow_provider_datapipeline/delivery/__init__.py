"""Sends a report to AWS Data Pipeline, and decides what each answer means."""
