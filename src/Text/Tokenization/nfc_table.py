"""Writes nfc-table.txt, the character data that NFC needs (UAX #15), from Python's unicodedata.

    python3 nfc_table.py                  > nfc-table.txt
    python3 nfc_table.py --cases          > ../../../tests/Text.Tests/Tokenization/nfc-cases.txt

The product runs with InvariantGlobalization, where string.Normalize leaves every text as it is. NFC of characters that
a Unicode version knows never changes in later versions, so the table only grows with a newer Python.
Lines of the table, numbers in hex:
    c FIRST LAST CLASS      canonical combining class of a range, where it is not 0
    d CHAR PART [PART]      canonical decomposition, one step
    x CHAR PART [PART]      the same, but NFC never composes it back
Hangul syllables are left to arithmetic.
Lines of the cases: source code points, a semicolon, the code points of its NFC.
"""
import random
import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def hexes(points):
    return " ".join(f"{p:04X}" for p in points)


def decomposition(c):
    text = unicodedata.decomposition(chr(c))
    return [] if not text or text.startswith("<") else [int(p, 16) for p in text.split()]


def combining_classes():
    runs = []
    for c in SCALARS:
        k = unicodedata.combining(chr(c))
        if k and runs and runs[-1][1] == c - 1 and runs[-1][2] == k:
            runs[-1][1] = c
        elif k:
            runs.append([c, c, k])
    return runs


def table():
    print(f"# Unicode {unicodedata.unidata_version}, written by nfc_table.py")
    for first, last, k in combining_classes():
        print(f"c {first:04X} {last:04X} {k}")
    for c in SCALARS:
        parts = decomposition(c)
        if parts and c not in HANGUL:
            stays = unicodedata.normalize("NFC", chr(c)) == chr(c)
            print("d" if stays else "x", hexes([c, *parts]))


def cases():
    print(f"# source;NFC. Unicode {unicodedata.unidata_version}, written by src/Text/Tokenization/nfc_table.py --cases")
    rng = random.Random(15)
    composed = [c for c in SCALARS if decomposition(c) and c not in HANGUL]
    marks = [c for c in SCALARS if unicodedata.combining(chr(c))]
    jamo = [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3), 0xAC00, 0xAC01, 0xD788, 0xD7A3]
    bases = [ord(c) for c in "aAeEoOsSqK "] + [0x3B1, 0x415, 0x9C7, 0xB47, 0x1025, 0x3046, 0x5D0, 0x4E00, 0x1F642]
    sources = [[c] for c in composed[::5]] + [list(map(ord, unicodedata.normalize("NFD", chr(c)))) for c in composed[::3]]
    for _ in range(500):
        base = rng.choice([rng.choice(bases), rng.choice(composed), ord(unicodedata.normalize("NFD", chr(rng.choice(composed)))[0])])
        tail = [rng.choice(marks) if rng.random() < 0.6 else rng.choice([0x300, 0x301, 0x308, 0x323, 0x327, 0x345, 0x3099])
                for _ in range(rng.randrange(1, 5))]
        sources.append([base, *tail])
    for _ in range(300):
        sources.append([rng.choice(jamo) for _ in range(rng.randrange(1, 6))])
    for _ in range(200):
        sources.append([rng.choice([rng.choice(composed), rng.choice(marks), rng.choice(jamo), rng.choice(bases)])
                        for _ in range(rng.randrange(2, 9))])
    for source in sources:
        print(f"{hexes(source)};{hexes(map(ord, unicodedata.normalize('NFC', ''.join(map(chr, source)))))}")


cases() if "--cases" in sys.argv else table()
