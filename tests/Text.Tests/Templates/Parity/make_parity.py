#!/usr/bin/env python3
"""Writes parity.jsonl.gz: random templates with what Jinja2 makes of them, or that it raises.

Run in this folder with python3 and jinja2 3.1: make_parity.py writes the recording that the tests read; make_parity.py SEED COUNT FILE
writes others, to look for what differs. Every template is one line {"t": template, "e": text}, or {"t": template, "x": exception} where
Jinja2 raises. All have the same input, the first line of the recording.

Templates come from families, in turn: every filter, test and method with values and arguments of many types, operators on pairs of
values, formats, and statements that hold random expressions.
"""
import gzip
import json
import pathlib
import random
import re
import sys
import warnings

import jinja2

from jinja_oracle import render

warnings.simplefilter("ignore")
SEED, COUNT = 20260105, 6000
DATA = {
    "messages": [
        {"role": "system", "content": "Be <b>brief</b> & kind.", "n": 3, "tags": ["x", "Y"]},
        {"role": "user", "content": "Straße, ΑΣ, ǆ!\n  two  words\n", "n": -1.5, "meta": {"id": 7, "k": None}},
        {"role": "assistant", "content": "", "n": 10, "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": {"a": 1}}}]},
        {"role": "User", "content": "🏳 see https://example.org/a_(b), mail x@y.org.", "n": 3, "tags": []},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "string"}, "b": {}}}}}],
}

STRINGS = [
    "''", "'a'", "'abc'", "'Hello World'", "'  pad\\t'", "'a,b,,c'", "'abcabc'", "'İstanbul straße ŉ'", "'ΑΣ ΟΔΟΣ.'", "'ﬁn ǆ Ǆ ǅ'",
    "'x\\ny\\r\\nz'", "'42'", "' -7 '", "'3.14'", "'1e3'", "'0x1f'", "'1_000'", "'٣٤'", "'²½'", "'inf'", "'<a & \\'b\\'>'", "'tab\\tq'",
    "'🏳b𝔘'", "'don\\'t stop-me (now) {x}'", "'{}-{0}'", "'%s %d%%'", "'a.b.c'", "'\\x00\\x7fé\\u2028'", "'-0012'", "'the quick brown fox jumps'",
    "messages[0].content", "messages[1].content", "messages[3].content", "'Title Case Text'", "'snake_case'", "'ﬀ'", "'aaa'",
]
NUMBERS = ["0", "1", "-1", "2", "7", "42", "-13", "1000000", "2**70", "-(3**50)", "0.0", "-0.0", "0.5", "1.5", "2.5", "-2.675", "1e20", "1e-7",
           "123456.789", "1e16", "3.0", "true", "false", "0x1F", "1_000", "0.1 + 0.2", "messages[0].n / 1e-308 * 1e10", "-1e16"]
MARKUPS = ["'<b>x</b>'|safe", "'a & b'|escape", "'&lt;p&gt; &amp;amp; &eacute; &#65;'|safe", "''|safe", "'A b'|safe"]
LISTS = ["[]", "[1, 2, 3]", "[3, 1, 2]", "['b', 'A', 'c']", "[1, 'a', none]", "[[1, 2], [3]]", "[true, 1, 1.0, 'a', 'A']", "['x', 'y', 'x']", "[0.5, 2]",
         "messages", "messages[0].tags", "tools", "[none]", "['<', '&'|safe]", "[('a', 1), ('b', 2)]", "[missing, 1]", "['10', '9']"]
OTHERS = ["none", "missing", "(1, 2)", "()", "('a',)", "range(4)", "range(5, 0, -2)", "{}", "{'a': 1, 'B': [2]}", "{1: 'x', none: 2, (1, 2): 3}", "messages[0]",
          "messages[1].meta", "{'b': 2, 'a': 1}.items()", "{'k': 'v'}.keys()", "dict(x='<', y=none)", "namespace(a=1, b='z')", "messages[9]", "messages[0].nope",
          "messages|map(attribute='n')", "[1, 2]|reverse", "'ab'.encode()", "cycler(1, 2)", "{'a': {'b': 1}}.values()"]
VALUES = STRINGS + NUMBERS + MARKUPS + LISTS + OTHERS
PATHS = ["'role'", "'n'", "'content'", "'meta.id'", "'tool_calls.0.id'", "'tags'", "0", "'missing'", "'a.b'", "1", "'role,n'", "none"]
TESTS = ["boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped", "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in",
         "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
         "undefined", "upper"]
LAZY = {"map", "select", "reject", "selectattr", "rejectattr", "batch", "slice", "unique", "items", "reverse"}
LAZY_VALUES = ("messages|map", "[1, 2]|reverse", "cycler")
TAKERS = ["list", "first", "last", "join", "sort", "sum", "max", "min", "map", "select", "reject", "unique", "batch", "slice", "length", "groupby", "default",
          "selectattr", "tojson", "dictsort", "abs", "int", "float", "xmlattr"]
STRFTIMES = ["%Y-%m-%d", "%d %B %Y", "%c", "%x %X", "%I:%M %p", "%j %U %W %V %u %w", "%y %C %G %g", "%e|%k|%l", "%-d/%-m", "%_d", "%^a %^B", "%D %T %R %r", "%F",
             "%n%t%%", "%f", "%z%Z", "%H%M%S", "%h %b %A %a", "%P", "%Q", "%", "abc", "é %Y", "%5Y", "%03d", "%#p", "%#a", "%Ey %Od", "%s", "%-I", "%_H", "%08j"]


class Chooser:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, items):
        return self.random.choice(items)

    def chance(self, part):
        return self.random.random() < part

    def value(self):
        return self.one(self.one([STRINGS, STRINGS, NUMBERS, LISTS, OTHERS, MARKUPS]))

    def string(self):
        return self.one(STRINGS + MARKUPS)

    def integer(self):
        return str(self.one([0, 1, 2, 3, 4, 5, 7, 10, 20, -1, -2, -3, 100]))

    def flag(self):
        return self.one(["true", "false", "0", "1", "'x'", "none"])

    def short(self):
        return self.one(["'a'", "'b'", "','", "' '", "'x'", "''", "'ab'", "'-'", "'é'", "'🏳'", "'<'", "'&'|safe", "'\\n'", "'abc'", "none", "1", "missing"])

    def any(self):
        return self.one([self.value, self.integer, self.flag, self.short])()

    def arguments(self, *kinds, least=0):
        """Some of a signature, at times with names; each kind is "name" or ("name", function)."""
        count = self.random.randint(least, len(kinds))
        named = self.chance(0.2)
        parts = []
        for name, make in kinds[:count]:
            value = make() if self.chance(0.93) else self.any()
            parts.append(f"{name}={value}" if named and name else value)
        if self.chance(0.02):
            parts.append(self.any())
        return ", ".join(parts)


def filters(c):
    i, s, f, a = c.integer, c.short, c.flag, c.any
    path = lambda: c.one(PATHS)
    none = lambda: ""
    test = lambda: ", ".join([f"'{c.one(TESTS)}'"] + ([a()] if c.chance(0.5) else []))
    return {
        "abs": none, "attr": lambda: c.one(["'upper'", "'items'", "'a'", "'x'", "'__class__'", "'append'", "'real'", "1"]),
        "batch": lambda: c.arguments(("linecount", i), ("fill_with", a), least=1), "capitalize": none, "center": lambda: c.arguments(("width", i)), "count": none,
        "default": lambda: c.arguments(("default_value", a), ("boolean", f)), "d": lambda: c.arguments(("default_value", a), ("boolean", f)),
        "dictsort": lambda: c.arguments(("case_sensitive", f), ("by", lambda: c.one(["'key'", "'value'", "'x'"])), ("reverse", f)), "e": none, "escape": none,
        "filesizeformat": lambda: c.arguments(("binary", f)), "first": none, "float": lambda: c.arguments(("default", a)), "forceescape": none,
        "format": lambda: c.arguments((None, a), (None, a)) if c.chance(0.8) else "x=" + a(),
        "groupby": lambda: c.arguments(("attribute", path), ("default", a), ("case_sensitive", f), least=1),
        "indent": lambda: c.arguments(("width", lambda: c.one([i(), "'> '"])), ("first", f), ("blank", f)),
        "int": lambda: c.arguments(("default", a), ("base", lambda: c.one(["0", "2", "8", "10", "16", "36", "1", "37"]))), "items": none,
        "join": lambda: c.arguments(("d", s), ("attribute", path)), "last": none, "length": none, "list": none, "lower": none,
        "map": lambda: c.one([f"attribute={path()}", f"attribute={path()}, default={a()}", "'upper'", "'string'", "'int'", f"'join', {s()}", f"'default', {a()}",
                              "'length'", "'nope'", "'first'", "'tojson'", f"'attr', {path()}", "'abs'", "'trim'", "'list'"]),
        "max": lambda: c.arguments(("case_sensitive", f), ("attribute", path)), "min": lambda: c.arguments(("case_sensitive", f), ("attribute", path)),
        "pprint": none, "reject": lambda: c.one(["", test()]), "rejectattr": lambda: c.one([path(), f"{path()}, {test()}"]),
        "replace": lambda: c.arguments(("old", s), ("new", s), ("count", i), least=2), "reverse": none,
        "round": lambda: c.arguments(("precision", i), ("method", lambda: c.one(["'common'", "'ceil'", "'floor'", "'x'"]))), "safe": none,
        "select": lambda: c.one(["", test()]), "selectattr": lambda: c.one([path(), f"{path()}, {test()}"]),
        "slice": lambda: c.arguments(("slices", i), ("fill_with", a), least=1),
        "sort": lambda: c.arguments(("reverse", f), ("case_sensitive", f), ("attribute", path)), "string": none, "striptags": none,
        "sum": lambda: c.arguments(("attribute", path), ("start", lambda: c.one(["0", "10", "0.5", "[]", "()", "''"]))), "title": none,
        "tojson": lambda: c.arguments(("ensure_ascii", f), ("indent", lambda: c.one(["none", "0", "2", "'--'"])),
                                      ("separators", lambda: c.one(["none", "(',', ':')", "[';', '=']", "'ab'"])), ("sort_keys", f)),
        "trim": lambda: c.arguments(("chars", s)),
        "truncate": lambda: c.arguments(("length", i), ("killwords", f), ("end", s), ("leeway", lambda: c.one(["0", "1", "5", "none"]))),
        "unique": lambda: c.arguments(("case_sensitive", f), ("attribute", path)), "upper": none, "urlencode": none,
        "urlize": lambda: c.arguments(("trim_url_limit", lambda: c.one(["none", "5", "100"])), ("nofollow", f), ("target", s), ("rel", s),
                                      ("extra_schemes", lambda: c.one(["none", "['tel:', 'ftp://']", "['x']"]))),
        "wordcount": none,
        "wordwrap": lambda: c.arguments(("width", i), ("break_long_words", f), ("wrapstring", s), ("break_on_hyphens", f)),
        "xmlattr": lambda: c.arguments(("autospace", f)), "nope": none,
    }


def string_methods(c):
    i, s = c.integer, c.short
    none = lambda: ""
    window = lambda: c.arguments((None, s), (None, lambda: c.one([i(), "none"])), (None, lambda: c.one([i(), "none"])), least=1)
    return {
        "capitalize": none, "casefold": none, "center": lambda: c.arguments((None, i), (None, s), least=1), "count": window,
        "encode": lambda: c.arguments(("encoding", lambda: c.one(["'utf-8'", "'ascii'", "'latin-1'"])), ("errors", lambda: c.one(["'strict'", "'ignore'", "'replace'"]))),
        "endswith": lambda: c.one([window(), "('a', 'c')", "('x', 1)"]), "expandtabs": lambda: c.arguments(("tabsize", i)), "find": window,
        "format": lambda: c.arguments((None, c.any), (None, c.any)), "format_map": lambda: c.one(["{'x': 1}", "messages[0]", "1"]), "index": window, "isalnum": none,
        "isalpha": none, "isascii": none, "isdecimal": none, "isdigit": none, "isidentifier": none, "islower": none, "isnumeric": none, "isprintable": none,
        "isspace": none, "istitle": none, "isupper": none,
        "join": lambda: c.one(["['a', 'b']", "'xyz'", "messages|map(attribute='role')", "[1]", "{'k': 1}", c.value()]),
        "ljust": lambda: c.arguments((None, i), (None, s), least=1), "lower": none, "lstrip": lambda: c.arguments((None, s)),
        "maketrans": lambda: c.one(["'ab', 'xy'", "'ab', 'xy', 'c'", "{'a': 'AA', 98: none}", "'a', 'bc'"]), "partition": s, "removeprefix": s, "removesuffix": s,
        "replace": lambda: c.arguments((None, s), (None, s), (None, i), least=2), "rfind": window, "rindex": window,
        "rjust": lambda: c.arguments((None, i), (None, s), least=1), "rpartition": s, "rsplit": lambda: c.arguments(("sep", s), ("maxsplit", i)),
        "rstrip": lambda: c.arguments((None, s)), "split": lambda: c.arguments(("sep", s), ("maxsplit", i)), "splitlines": lambda: c.arguments(("keepends", c.flag)),
        "startswith": lambda: c.one([window(), "('a', 'H')", "()"]), "strip": lambda: c.arguments((None, s)), "swapcase": none, "title": none,
        "translate": lambda: c.one(["{97: 'X', 98: none, 99: 100}", "'abc'.maketrans('abc', 'xyz')", "'q' * 120", "1"]), "upper": none, "zfill": i,
        "unescape": none, "striptags": none, "nope": none,
    }


def other_methods(c):
    a, i = c.any, c.integer
    view = lambda: c.one(["{'a': 1, 'b': 2}", "messages[0]", "dict(x=1)", "{1: 2}"])
    seq = lambda: c.one(LISTS + ["(1, 2, 1)", "range(5)", "()"])
    num = lambda: "(" + c.one(NUMBERS) + ")"
    key = lambda: c.one(["'a'", "'role'", "1", "true", "missing", "[]", "none", "'x'"])
    return [
        lambda: f"{view()}.get({key()}{c.one(['', ', 5', ', default=5'])})", lambda: f"{view()}.{c.one(['items', 'keys', 'values', 'copy'])}()",
        lambda: f"{view()}.{c.one(['items', 'keys', 'values'])}()|{c.one(['list', 'length', 'first', 'last', 'join', 'sort', 'string', 'reverse|list'])}",
        lambda: f"{view()}.fromkeys({c.one(['[1, 2]', repr('ab'), '{}'])}{c.one(['', ', 0'])})", lambda: f"dict.fromkeys('ab', {a()})",
        lambda: f"{view()}.{c.one(['pop', 'update', 'clear', 'nope', 'role'])}", lambda: f"{view()}.keys().isdisjoint({seq()})",
        lambda: f"{view()}.keys() == {view()}.keys()", lambda: f"{key()} in {view()}.{c.one(['keys', 'values', 'items'])}()",
        lambda: f"{seq()}.index({a()}{c.one(['', ', 1', ', -2', ', 0, 2'])})", lambda: f"{seq()}.count({a()})", lambda: f"{seq()}.copy()",
        lambda: f"{seq()}[{c.one([i(), ':' + i(), i() + ':', '::' + i(), i() + ':' + i(), '::-1', a(), '1, 2', 'none:2', 'true'])}]",
        lambda: f"{c.string()}[{c.one([i(), ':' + i(), i() + ':', '::' + i(), i() + ':' + i() + ':' + i(), a()])}]",
        lambda: f"{seq()}.{c.one(['append', 'sort', 'pop', 'start', 'stop', 'step', 'real', '0', '1.role', 'x'])}",
        lambda: f"{num()}.{c.one(['real', 'imag', 'numerator', 'denominator', 'bit_length()', 'bit_count()', 'conjugate()', 'is_integer()', 'hex()', 'as_integer_ratio()', 'x'])}",
        lambda: f"dict({c.one(['', '[(1, 2)]', repr('ab'), '{1: 2}', '[[1, 2], ' + repr('xy') + ']', 'a=1', '{}, {}'])})",
        lambda: f"range({c.one([i(), i() + ', ' + i(), i() + ', ' + i() + ', ' + i(), a()])})|list",
        lambda: f"'ab'.encode().{c.one(['decode()', 'hex()', 'nope'])}", lambda: f"{c.value()}.{c.one(['upper', 'nope', '__class__', 'a', 'x.y', 'role'])}",
        lambda: f"{c.value()}['{c.one(['upper', 'nope', 'role', 'a', 'items', ''])}']",
    ]


def format_spec(c):
    return (c.one(["", "", "*<", "<", ">", "^", "=", "0=", "é^", "{:<}"[:1] + "<"]) + c.one(["", "", "+", "-", " "]) + c.one(["", "", "", "z"])
            + c.one(["", "", "", "#"]) + c.one(["", "", "", "0"]) + c.one(["", "1", "5", "8", "20"]) + c.one(["", "", "", ",", "_"])
            + c.one(["", "", ".0", ".1", ".3", ".10"]) + c.one(["", "", "d", "s", "f", "e", "g", "x", "X", "o", "b", "c", "%", "n", "E", "G", "F", "q"]))


def percent(c):
    return ("%" + c.one(["", "", "", "(x)"]) + c.one(["", "", "-", "0", "+", " ", "#", "-0", "+0"]) + c.one(["", "", "1", "6", "12", "*"])
            + c.one(["", "", ".0", ".2", ".10", ".*"]) + c.one(["", "", "", "l"]) + c.one(list("sssdddiuoxXeEfFgGcra%q")))


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def family_format(c):
    number = lambda: "(" + c.one(NUMBERS) + ")"
    value = lambda: c.one([number, number, c.value])()
    kind = c.random.randrange(6)
    if kind == 0:
        return f"{quoted('{:' + format_spec(c) + '}')}.format({value()})"
    if kind == 1:
        field = c.one(["{}", "{0}", "{1}", "{x}", "{0.role}", "{0[n]}", "{0[0]}", "{!r}", "{0!s:>8}", "{!a}", "{{}}", "{", "}", "{:{}}", "{x!q}", "{0.a.b}", "{x[a]}", "{0:{1}}", "{0!r:{x}}"])
        return f"{quoted('<' + field + c.one(['', '{}', '{0}', '-']) + '>')}{c.one(['', '', '|safe'])}.format({value()}, {value()}, x={value()})".replace("'|safe.", "'|safe.") \
            .replace("|safe.format", "|safe|string.format") if False else \
            f"({quoted('<' + field + c.one(['', '{}', '{0}', '-']) + '>')}{c.one(['', '', '|safe'])}).format({value()}, {value()}, x={value()})"
    if kind == 2:
        return f"{quoted('[' + percent(c) + ']')} % {c.one([value(), '(' + value() + ',)', '{' + repr('x') + ': ' + value() + '}', '(' + c.integer() + ', ' + value() + ')'])}"
    if kind == 3:
        return f"({quoted('[' + percent(c) + percent(c) + ']')}|safe) % ({value()}, {value()})"
    if kind == 4:
        return f"{quoted(percent(c) + ' ' + percent(c))}|format({value()}, {value()})"
    return f"'{{:{format_spec(c)}}}'.format({number()})"


def family_filter(c):
    table = filters(c)
    value = c.value()
    chain = ""
    lazy = value.startswith(LAZY_VALUES)
    for _ in range(c.one([1, 1, 1, 2, 3])):
        # What an iterator prints as changes from run to run.
        name = c.one(TAKERS if lazy else list(table))
        lazy = name in LAZY or (lazy and name == "default")
        arguments = table[name]()
        chain += f"|{name}" + (f"({arguments})" if arguments or c.chance(0.02) else "")
    return f"({value}){chain}" + c.one(["|list", "|first", "|join"] if lazy else ["", "", "|list", "|string", "|first", "|length"])


def family_test(c):
    test = c.one(TESTS)
    argument = c.one(["", "", "(" + c.any() + ")", " " + c.one(["1", "'a'", "[1]", "2", "none"])])
    if test in ("eq", "ne", "lt", "le", "gt", "ge", "in", "sameas", "equalto", "lessthan", "greaterthan", "divisibleby"):
        argument = c.one(["(" + c.any() + ")", "(" + c.value() + ")", "(" + c.value() + ")"])
    return f"({c.value()}) is {c.one(['', '', 'not '])}{test}{argument}"


def family_method(c):
    if c.chance(0.35):
        return c.one(other_methods(c))()
    table = string_methods(c)
    name = c.one(list(table))
    return f"({c.string()}).{name}({table[name]()})"


def family_operator(c):
    a, b = c.value(), c.value()
    if c.chance(0.5):
        a = c.one(NUMBERS)
    if c.chance(0.4):
        b = c.one(NUMBERS)
    op = c.one(["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "~", "and", "or"])
    if op == "**":
        # Roots of negative numbers are complex, and those are not there.
        a, b = c.one(["0", "1", "2", "7", "42", "0.5", "1.5", "1e20", "true", "-1", "-13", "0.0"]), c.one(["0", "1", "2", "5", "-1", "-2", "0.5", "true", "10", "-0.5"])
        if a.startswith("-"):
            b = c.one(["0", "1", "2", "3", "-1", "-2", "2.0"])
    if op == "*" and b in ("2**70", "1000000"):
        b = "3"
    if op == "*" and a in ("2**70", "1000000"):
        a = "3"
    return f"{c.one(['', '', '', '-', '+', 'not ']) if op != '**' else ''}({a}) {op} ({b}){c.one(['', '', '', ' < 3', ' == 1 == true', ' if ' + c.value() + ' else 0'])}"


def expression(c, depth=0):
    if depth > 2 or c.chance(0.3):
        return c.one(["x", "y", "m", "m.role", "m.content", "m.n", "loop.index", "ns.n", "messages", c.value()])
    nested = lambda: expression(c, depth + 1)
    return c.one([
        lambda: f"{nested()}|{c.one(['length', 'upper', 'string', 'list', 'first', 'last', 'join', 'tojson', 'e', 'safe', 'trim', 'default(0)', 'int', 'sort', 'reverse', 'title'])}",
        lambda: f"({nested()} {c.one(['+', '~', '==', 'and', 'or', 'in', '*'])} {nested()})".replace("* messages", "* 2"), lambda: f"[{nested()}, {nested()}]", lambda: f"{{'k': {nested()}}}",
        lambda: f"({nested()} if {nested()} else {nested()})", lambda: f"({nested()} if {nested()})", lambda: f"({nested()})[{c.integer()}]", lambda: f"(not {nested()})",
        lambda: f"({nested()} is {c.one(['defined', 'string', 'none', 'mapping', 'iterable', 'number', 'callable'])})", lambda: f"f({nested()})", lambda: f"({family_filter(c)})",
    ])()


def statement(c, depth=0, in_loop=False):
    body = lambda loop=in_loop: "".join(statement(c, depth + 1, loop) for _ in range(c.one([1, 1, 2, 3])))
    ex = lambda: expression(c, 1)
    if depth > 3:
        return "{{ " + ex() + " }}"
    space = lambda: c.one(["", "", "", "-", "+"])
    end = lambda: c.one(["", "", "", "-"])
    tag = lambda text: "{%" + space() + " " + text + " " + end() + "%}"
    items = lambda: c.one(["messages", "[1, 2, 3]", "'abc'", "[]", "x", "{'a': 1, 'b': 2}", "range(3)", "messages|map(attribute='n')", "missing", "[[1, [2]], [3, []]]", ex()])
    loop_bits = ["{{ loop.index }}", "{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}", "{{ loop.first }}{{ loop.last }}", "{{ loop.length }}", "{{ loop.cycle('a', 'b') }}",
                 "{{ loop.changed(m) }}", "{{ loop.previtem }}|{{ loop.nextitem }}", "{{ loop.depth }}{{ loop.depth0 }}", "{{ loop }}", "{{ loop.changed(m.role, 1) }}", "{{ sep() }}", "{{ cyc.next() }}"]
    options = [
        lambda: "{{" + space() + " " + ex() + " " + end() + "}}", lambda: "{{ " + expression(c) + " }}", lambda: c.one(["text ", "\n", "  \n", "a\n  ", "<b>", " & ", "\t"]),
        lambda: tag("if " + ex()) + body() + c.one(["", tag("elif " + ex()) + body()]) + c.one(["", tag("else") + body()]) + tag("endif"),
        lambda: tag(f"for m in {items()}{c.one(['', '', ' if m', ' if ' + ex()])}{c.one(['', '', '', ' recursive'])}") + c.one(loop_bits) + body(True) + c.one(loop_bits)
        + c.one(["", tag("if " + ex()) + tag(c.one(["break", "continue"])) + tag("endif") + c.one(loop_bits)]) + c.one(["", tag("else") + body(in_loop)]) + tag("endfor"),
        lambda: tag(f"for k, v in {c.one(['{1: 2, 3: 4}.items()', '{}|items', '[(1, 2)]', 'messages[0]|dictsort', 'messages|groupby(' + repr('role') + ')', items()])}") + "{{ k }}={{ v }};" + tag("endfor"),
        lambda: tag(f"for m in {c.one(['[[1, [2, [3]]]]', '[[], [[]]]', 'messages'])} recursive") + "[{{ loop.depth }}" + c.one(["{{ m }}", "{{ loop.index }}"]) + c.one(["{{ loop(m) if m is sequence and m is not string }}", "{% if m is iterable and m is not string and m is not mapping %}{{ loop(m) }}{% endif %}"]) + "]" + tag("endfor"),
        lambda: tag(f"set {c.one(['x', 'y', 'z', 'ns.n', 'x, y', 'm'])} = {ex()}"), lambda: tag(f"set x, y = {ex()}, {ex()}"),
        lambda: tag(f"set {c.one(['x', 'y'])}{c.one(['', ' | upper', ' | replace(' + repr('a') + ', ' + repr('<') + ') | e', ' | length'])}") + body() + tag("endset"),
        lambda: tag(f"with {c.one(['', 'x = 1', 'x = y, y = x', 'm = ' + ex()])}") + body() + tag("endwith"),
        lambda: tag(f"macro f({c.one(['', 'x', 'x, y=2', 'x=1, y=x', 'm, x=y', 'a, caller=none'])})") + body(False)
        + c.one(["", "{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller }}", "{{ varargs }}{{ kwargs }}"]) + tag("endmacro"),
        lambda: "{{ f(" + c.one(["", "1", "1, 2", "x=5", "1, y=3, z=4", "*[1, 2]", "**{'x': 1}", "1, 2, 3"]) + ") }}",
        lambda: tag(f"call{c.one(['', '(q)', '(q, r=1)'])} f({c.one(['', '1', 'x=2'])})") + body(False) + c.one(["", "{{ q }}"]) + tag("endcall"),
        lambda: tag(f"filter {c.one(['upper', 'trim', 'indent(2)', 'e', 'replace(' + repr('a') + ', ' + repr('b') + ')|title', 'length', 'safe'])}") + body() + tag("endfilter"),
        lambda: tag(f"autoescape {c.one(['true', 'false', 'x', 'not y'])}") + body() + "{{ '<' ~ x }}{{ ['<', y]|join('&') }}" + tag("endautoescape"),
        lambda: tag("generation") + body() + tag("endgeneration"), lambda: "{#" + space() + " note " + end() + "#}", lambda: "{%" + space() + " raw " + end() + "%} {{ x }} {% endraw " + end() + "%}",
        lambda: tag(f"print {ex()}, {ex()}"), lambda: tag(f"block b{c.random.randrange(1000)}{c.one(['', ' scoped'])}") + body(False) + tag("endblock"),
        lambda: "{{ f.name }}{{ f.arguments }}{{ f.catch_varargs }}{{ f.catch_kwargs }}{{ f.caller }}" + c.one(["", "{{ f }}"]),
    ]
    if in_loop:
        options += [lambda: tag("if " + ex()) + tag(c.one(["break", "continue"])) + tag("endif"), lambda: c.one(loop_bits)]
    return c.one(options)()


def family_statement(c):
    head = "{% set x = " + c.value() + " %}{% set y = " + c.value() + " %}{% set ns = namespace(n=0) %}{% set sep = joiner() %}{% set cyc = cycler(1, 2, 3) %}"
    macro = c.one(["", "{% macro f(x) %}({{ x }}){% endmacro %}", "{% macro f(x='<', y=1) %}{{ x }}{{ caller() if caller else y }}{{ varargs }}{{ kwargs }}{% endmacro %}"])
    return head + macro + "".join(statement(c) for _ in range(c.one([2, 3, 4])))


def family_time(c):
    return "{{ strftime_now(" + quoted("".join(c.one(STRFTIMES) + c.one(["", " "]) for _ in range(c.one([1, 1, 2])))) + ") }}"


def shown(c, text):
    return c.one(["{{ %s }}", "{{ [%s] }}", "{{ [%s] }}", "{%% set q = %s %%}{{ [q] }}", "{%% autoescape true %%}{{ %s }}{%% endautoescape %%}"]) % text


FAMILIES = [(family_filter, 8), (family_method, 6), (family_operator, 4), (family_format, 4), (family_test, 2), (family_statement, 8), (family_time, 1)]
# Addresses and set order change from run to run; 3 * 10 ** 6 characters are no use in a recording.
UNSTABLE = re.compile(r" at 0x|\|random|generator|<(class|function|built-in|bound)|object at|reverseiterator|jinja2", re.IGNORECASE)


def is_recordable(template, result):
    if UNSTABLE.search(template):
        return False
    if isinstance(result, Exception):
        # The first two come from the machine; NameError from Jinja's own constants, which it cannot write when they are infinite.
        return not isinstance(result, (MemoryError, RecursionError, NameError))
    return len(result) < 4000 and not UNSTABLE.search(result)


def generate(seed, count):
    c = Chooser(seed)
    families = [family for family, weight in FAMILIES for _ in range(weight)]
    seen = set()
    while len(seen) < count:
        family = c.one(families)
        template = family(c) if family in (family_statement, family_time) else shown(c, family(c))
        if template in seen:
            continue
        result = render(template, DATA)
        if is_recordable(template, result):
            seen.add(template)
            yield {"t": template, "x": type(result).__name__} if isinstance(result, Exception) else {"t": template, "e": result}


def write(file, seed, count):
    file.write(json.dumps(DATA, ensure_ascii=False) + "\n")
    for case in generate(seed, count):
        file.write(json.dumps(case, ensure_ascii=False) + "\n")


def main():
    if len(sys.argv) > 1:
        with open(sys.argv[3], "w") as file:
            write(file, int(sys.argv[1]), int(sys.argv[2]))
        return
    target = pathlib.Path(__file__).parent / "parity.jsonl.gz"
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        import io
        with io.TextIOWrapper(packed, "utf-8") as file:
            write(file, SEED, COUNT)
    print(COUNT, "templates, jinja2", jinja2.__version__)


main()
