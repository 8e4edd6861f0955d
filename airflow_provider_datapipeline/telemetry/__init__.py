"""The metrics that the package sends, and the fields of its log lines."""
