"""
Texts of real exceptions, with secrets planted in them, and texts without secrets.

A text names its secrets by their kind, as in ``<<password>>``, and lists the words that have to stay. The secrets are
made up when a text is read, always the same ones. So no file here holds anything that looks like a secret.
"""
