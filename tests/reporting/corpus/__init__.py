"""
Texts of exceptions as they are met, with secrets planted in them, and texts that hold none.

A text names its secrets by their kind, ``<<password>>``, and says which of its words have to stay. The secrets are made
up when a text is read, always the same ones, so that no file here holds anything that looks like one.
"""
