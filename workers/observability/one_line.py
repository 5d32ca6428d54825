"""Texts of others in a log that is read line by line."""


def one_line(text: str) -> str:
    """Return a text with escapes in place of what does not print, such as line breaks.

    Otherwise whoever names something that is logged could write lines of their own, or hide what is there.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
