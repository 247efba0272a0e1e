"""The REST API of whom we asked: campaigns."""
