"""What the package tells about itself: the metrics that it sends, and the fields of its log lines."""
