"""What secrets look like, as tables of data alone."""
