#!/usr/bin/env python3
"""Writes unicode-table.txt: how Python's str maps case, and the characters that its predicates take beyond their general category.

Lines are "kind first last step offset" for runs of characters that map to the one at an offset, "kind first = text" for characters
that map to several, and "kind first last step" for runs of characters that have a property. Numbers are hexadecimal.
"""
import pathlib
import sys
import unicodedata

MAPPINGS = {"upper": str.upper, "lower": str.lower, "title": str.title, "fold": str.casefold}
PROPERTIES = {
    "lowercase": lambda c: c.islower() and unicodedata.category(c) != "Ll",
    "uppercase": lambda c: c.isupper() and unicodedata.category(c) != "Lu",
    "digit": lambda c: c.isdigit() and not c.isdecimal(),
    "numeric": lambda c: c.isnumeric() and not c.isdigit(),
}
CHARACTERS = [chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i < 0xE000]


def runs(pairs):
    """Groups (code, offset) into (first, last, step, offset) with steps of 1 or 2."""
    out = []
    for code, offset in pairs:
        if out and out[-1][3] == offset:
            first, last, step, _ = out[-1]
            if code - last in (1, 2) and step in (0, code - last):
                out[-1] = (first, code, code - last, offset)
                continue
        out.append((code, code, 0, offset))
    return out


def lines():
    for kind, mapping in MAPPINGS.items():
        simple = [(ord(c), ord(mapping(c)) - ord(c)) for c in CHARACTERS if len(mapping(c)) == 1 and mapping(c) != c]
        for first, last, step, offset in runs(simple):
            yield f"{kind} {first:x} {last:x} {step or 1:x} {offset}"
        for c in CHARACTERS:
            if len(mapping(c)) > 1:
                yield f"{kind} {ord(c):x} = {' '.join(f'{ord(x):x}' for x in mapping(c))}"
    for kind, holds in PROPERTIES.items():
        for first, last, step, _ in runs([(ord(c), 0) for c in CHARACTERS if holds(c)]):
            yield f"{kind} {first:x} {last:x} {step or 1:x}"


def main():
    target = pathlib.Path(__file__).parent / "unicode-table.txt"
    target.write_text("\n".join([f"# Unicode {unicodedata.unidata_version}, Python {sys.version.split()[0]}", *lines()]) + "\n")


main()
