#!/usr/bin/env python3
"""Writes html-entities.txt: the names of HTML 5's character references with what they stand for, from Python's html.entities."""
import html.entities
import pathlib

lines = [f"{name} {' '.join(f'{ord(c):x}' for c in text)}" for name, text in sorted(html.entities.html5.items())]
(pathlib.Path(__file__).parent / "html-entities.txt").write_text("\n".join(lines) + "\n")
