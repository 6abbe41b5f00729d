"""Texts from the wire in the form SQLite stores."""


def storable(text: str) -> str:
    """`text` without surrogates, which SQLite refuses: a byte that was not UTF-8 shows as the characters \\udcXX.

    Control characters stay as they are. The exact bytes stay in the inbox.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
