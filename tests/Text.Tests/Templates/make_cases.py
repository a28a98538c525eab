#!/usr/bin/env python3
"""Writes cases.json: chat templates with inputs and what jinja2 renders, set up as transformers.apply_chat_template sets it up.

Run in this folder with python3 and jinja2 3.1 (Debian: python3-jinja2). The tests read cases.json only; this script is run again
when a case is added.
"""
import json
import pathlib
import sys

import jinja2

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]

sys.path.insert(0, str(HERE / "Parity"))
from jinja_oracle import environment  # noqa: E402 (found by the line above)


def render(template, data):
    variables = {"messages": data.get("messages", []), "tools": data.get("tools"), "documents": None}
    variables["add_generation_prompt"] = data.get("add_generation_prompt", True)
    if "enable_thinking" in data:
        variables["enable_thinking"] = data["enable_thinking"]
    return environment().from_string(template).render(**variables)


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


def tool(text):
    return {"role": "tool", "content": text}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Gibt das Wetter für <eine> Stadt, e.g. \"Zürich\" & 東京 🌦",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "enum": ["Zürich", "東京"]},
                "days": {"type": "integer", "default": 3, "maximum": 18446744073709551616},
                "scale": {"type": "number", "default": 1.0, "minimum": 1e-07, "maximum": 1e+16, "step": 0.1},
                "strict": {"type": "boolean", "default": False, "examples": [None, True, [], {}]},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "tab\there\nline", "parameters": {}}}


def call(name, arguments, wrapped=True):
    inner = {"name": name, "arguments": arguments}
    return {"id": "c1", "type": "function", "function": inner} if wrapped else inner


CONVERSATIONS = {
    "user": {"messages": [user("Hello")]},
    "user without prompt": {"messages": [user("Hello")], "add_generation_prompt": False},
    "system": {"messages": [system("Be brief."), user("Hi\r\nthere  ")]},
    "turns": {"messages": [user("1+1?"), assistant("2"), user("2+2?")]},
    "late system": {"messages": [user("a"), system("now formal"), user("b")]},
    "thinking on": {"messages": [user("Hello")], "enable_thinking": True},
    "thinking off": {"messages": [user("Hello")], "enable_thinking": False},
    "think in content": {"messages": [user("q"), assistant("<think>\nhm\n\n</think>\n\nanswer"), user("next")]},
    "think at end": {
        "messages": [user("q"), assistant("<think>\nhm\nhm\n</think>\n\nanswer")],
        "add_generation_prompt": False,
    },
    "reasoning_content": {
        "messages": [user("q"), assistant("answer", reasoning_content="\nbecause\n")],
        "add_generation_prompt": False,
    },
    "reasoning before query": {"messages": [user("q"), assistant("a", reasoning_content="r"), user("p")]},
    "tools": {"messages": [user("weather?")], "tools": [WEATHER, CLOCK]},
    "tools and system": {"messages": [system("S"), user("weather?")], "tools": [WEATHER]},
    "empty tools": {"messages": [user("x")], "tools": []},
    "tool call": {
        "messages": [user("weather?"), assistant("", tool_calls=[call("get_weather", {"city": "Zürich", "days": 2})])],
        "tools": [WEATHER],
        "add_generation_prompt": False,
    },
    "tool calls as text and unwrapped": {
        "messages": [
            user("weather?"),
            assistant("Let me see.", tool_calls=[call("get_weather", '{"city": "東京"}'), call("clock", {}, wrapped=False)]),
        ],
        "add_generation_prompt": False,
    },
    "tool responses": {
        "messages": [
            user("weather?"),
            assistant("<think>\nI need tools\n</think>\n\n", tool_calls=[call("get_weather", {"city": "a"}), call("clock", {})]),
            tool("sunny ☀"),
            tool('{"time": "12:00"}'),
            assistant("<think>\nnow I know\n</think>\n\nSunny at noon."),
            user("thanks"),
        ],
        "tools": [WEATHER, CLOCK],
    },
    "multi-step tool": {
        "messages": [
            user("weather?"),
            assistant(None, reasoning_content="step 1", tool_calls=[call("get_weather", {"city": "a"})]),
            tool("rain"),
            assistant("", reasoning_content="step 2", tool_calls=[call("clock", {"b": [1, 2.5, None]})]),
            tool("noon"),
        ],
        "tools": [WEATHER],
    },
    "tool response as user": {
        "messages": [user("q"), assistant("a", reasoning_content="r"), user("<tool_response>\n1\n</tool_response>")],
    },
    "content as list": {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}, user("y")]},
    "unicode": {"messages": [user("naïve 𝔘𝔫𝔦 🏳️‍🌈 \u200b\u2028 \x7f")]},
}

# name: (template, messages) or template
SMALL = {
    # White space.
    "ws: block at line start": "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "ws: block after text on its line": "a {% if true %} b {% endif %} c",
    "ws: minus left": "a \n\t {%- if true %} b{% endif %}",
    "ws: minus right": "{% if true -%} \n\t b{% endif -%} \n\n c",
    "ws: minus variable": "a \n {{- 'b' -}} \n c",
    "ws: plus keeps blanks": "  {%+ if true %}x{% endif +%}\ny",
    "ws: variable keeps all": "  {{ 'x' }}  \n  {{ 'y' }}\n",
    "ws: comment line": "a\n  {# note #}\nb",
    "ws: comment signs": "a  {#- note -#}  \n b {#+ c +#}\nd",
    "ws: two newlines after block": "{% if true %}\n\n\nx{% endif %}\n\ny",
    "ws: trailing newline": "x\n\n",
    "ws: trailing block": "x\n{% if true %}\n{% endif %}\n",
    "ws: crlf": "a\r\n{% if true %}\r\nb\r\n{% endif %}\rc\r\n",
    "ws: tab before block": "\t{% set x = 1 %}\t{{ x }}",
    "ws: block after block": "{% set x = 1 %}  {% set y = 2 %}\n  {% set z = 3 %}  \n{{ x }}",
    "ws: adjacent minus": "{{- 'a' -}}   {%- if true -%}   b   {%- endif -%}   c",
    "ws: raw": "{% raw %} {{ x }} {% y %} {# z #}\n{% endraw %}\nq",
    "ws: raw signs": "a {%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "ws: raw lstrip": "a\n  {% raw %}\n  x\n  {% endraw %}\nb",
    "ws: inside loop": "{% for i in range(3) %}\n  {{ i }}\n{% endfor %}\n.",
    "ws: loop one line": "{% for i in range(3) %}{{ i }}, {% endfor %}",
    "ws: separators": "a \x1c{%- if true %}{% endif %} \u00a0{%- if true %}{% endif %}b",
    # Expressions.
    "expr: precedence": "{{ 1 + 2 * 3 - 4 // 2 ** 2 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 7 % -3 }} {{ -7 // 2 }} {{ 7 / 2 }}",
    "expr: floats": "{{ 1.5 }} {{ 1e20 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 100000000000000000.0 }} {{ 123456789012345.0 }} {{ 2.0 * 3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e16 }} {{ 0.0001 }} {{ 1_000 }}",
    "expr: big integers": "{{ 2 ** 100 }} {{ 99999999999999999999 + 1 }} {{ 10 ** 30 // 7 }}",
    "expr: logic": "{{ 1 and 0 }} {{ 0 or 'x' }} {{ not 1 }} {{ '' or none }} {{ true and [] }} {{ not not 'a' }}",
    "expr: comparison chain": "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}",
    "expr: in": "{{ 'a' in 'abc' }} {{ 1 in [1, 2] }} {{ 3 not in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 'x' in missing }}",
    "expr: concat": "{{ 1 ~ 'a' ~ none ~ true ~ 1.0 ~ missing ~ [1] }}",
    "expr: conditional": "{{ 'a' if true else 'b' }}{{ 'c' if false }}{{ 1 if 0 else 2 if 0 else 3 }}",
    "expr: literals": "{{ [1, 'a', none, true, 1.5, (1,), (), (1, 2), {'k': 'v', 2: [3]}] }}",
    "expr: string repr": "{{ ['it\\'s', 'say \"hi\"', 'both \\' and \"', 'nl\\n\\t\\\\', 'é\\x00\\u200b𝔘'] }}",
    "expr: string escapes": "{{ 'a\\nb\\tc\\'d\\\\e\\x41\\u00e9\\101\\q' }}{{ \"x\" 'y' }}",
    "expr: multiplication": "{{ 'ab' * 3 }}{{ [1] * 2 }}{{ 'a' * 0 }}{{ 'x' * -1 }}",
    "expr: list addition": "{{ [1] + [2, 3] }} {{ (1,) + (2,) }}",
    "expr: slices": "{{ 'abcdef'[1:3] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[:-2] }} {{ 'abcdef'[::2] }} {{ [1,2,3,4][::-2] }} {{ [1,2,3][5:] }} {{ [1,2,3][-10:2] }} {{ 'abc'[2:0:-1] }}",
    "expr: indices": "{{ [1,2,3][-1] }} {{ 'abc'[0] }}{{ [1][5] }}{{ 'a'[9] }} {{ [[1, 2], [3]].0.1 }} {{ {'a': {'b': 1}}.a['b'] }}",
    "expr: astral text": ("{{ messages[0]|length }} {{ messages[0][1] }} {{ messages[0][::-1] }} {{ messages[0][-2:] }} {{ messages[0].find('b') }}", ["a🏳b𝔘"]),
    "expr: dict in tag": "{{ {'a': {'b': {}}} }}{{ {} }}",
    "expr: method before key": ("{{ messages[0].items()|list }} {{ messages[0]['items'] }} {{ messages[0].get('x', 5) }} {{ messages[0].keys()|list }}", [{"items": 1, "b": "é"}]),
    "expr: filter binds tighter": "{{ -3|abs }} {{ 'a' ~ 'b'|upper }} {{ 1 + '5'|int }} {{ [3]|first + 1 }}",
    "expr: test precedence": "{{ 4 is even and 3 is odd }} {{ not 4 is odd }} {{ 1 is defined == true }} {{ x is not defined }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }}",
    "expr: tuple output": "{{ 1, 2 }}",
    "expr: print types": "{{ none }} {{ true }} {{ [] }} {{ missing }} {{ messages }} {{ tools }} {{ add_generation_prompt }}",
    "expr: keyword spread": "{% macro m(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ m(*[1, 2]) }} {{ m(**{'b': 3, 'a': 4}) }}",
    # Statements.
    "stmt: loop variables": "{% for c in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('x', 'y') }};{% endfor %}",
    "stmt: nested loops": "{% for a in [1, 2] %}{% for b in [3, 4] %}{{ loop.index }}{{ loop.depth }}{{ a * b }} {% endfor %}{{ loop.index }};{% endfor %}",
    "stmt: loop filter": "{% for i in range(10) if i is odd %}{{ i }}/{{ loop.length }} {% else %}none{% endfor %}",
    "stmt: loop else": "{% for i in [] %}x{% else %}empty{% endfor %}{% for i in missing %}x{% else %}undefined{% endfor %}",
    "stmt: loop unpack": "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}",
    "stmt: break continue": "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "stmt: loop scope": "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "stmt: if scope": "{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "stmt: namespace": "{% set ns = namespace(n=0, s='') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.n }} {{ ns.s }} {{ ns.missing is defined }}",
    "stmt: elif": "{% for i in range(4) %}{% if i == 0 %}zero{% elif i == 1 %}one{% elif i == 2 %}two{% else %}many{% endif %} {% endfor %}",
    "stmt: set tuple": "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}",
    "stmt: set block": "{% set x %}a{{ 1 + 1 }}{% endset %}[{{ x }}]{% set y | upper | replace('A', 'b') %}aA{% endset %}{{ y }}",
    "stmt: macro": "{% macro f(a, b='B', c=a) %}({{ a }},{{ b }},{{ c }},{{ varargs }},{{ kwargs }}){% endmacro %}{{ f(1) }}{{ f(1, 2, 3, 4, k=5) }}{{ f(b=1) }}",
    "stmt: macro sees globals": "{% set g = 'G' %}{% macro f() %}{{ g }}{{ messages|length }}{% endmacro %}{{ f() }}{% set g = 'H' %}{{ f() }}",
    "stmt: macro recursion": "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "stmt: call block": "{% macro box(t) %}<{{ t }}>{{ caller(2) }}</{{ t }}>{% endmacro %}{% call(n) box('b') %}x{{ n }}{% endcall %}",
    "stmt: filter block": "{% filter upper|trim %} abc {{ 'd' }} {% endfilter %}",
    "stmt: with": "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}",
    "stmt: generation": "x {% generation %}\ny{% endgeneration %} z",
    "stmt: documents": "{{ documents is none }}{{ tools is none }}{{ enable_thinking is defined }}",
    # Filters.
    "filter: tojson": ("{{ messages[0]|tojson }}", [{"é": "<&'\"\\/\b\f\n\r\t\x01\x7f\u2028", "n": [1, 1.0, -0.5, 1e22, True, None], "e": {}, "l": []}]),
    "filter: tojson indent": ("{{ messages[0]|tojson(indent=2) }}|{{ messages[0]|tojson(indent=1, sort_keys=true) }}|{{ messages[0]|tojson(separators=(',', ':')) }}|{{ messages[0]|tojson(ensure_ascii=true) }}", [{"b": [1, {"c": "é𝔘"}], "a": [], "d": {}}]),
    "filter: trim": "[{{ '  a b\\n' | trim }}][{{ 'xxaxx'|trim('x') }}]",
    "filter: case": "{{ 'aBc dEf'|upper }} {{ 'aBc dEf'|lower }} {{ 'aBc dEf'|capitalize }} {{ 'aBc-dEf don\\'t (x'|title }}",
    "filter: default": "{{ missing|default('d') }} {{ ''|default('d') }} {{ ''|default('d', true) }} {{ none|default('d') }} {{ missing|d }}",
    "filter: length first last": "{{ [1,2]|length }} {{ 'abc'|count }} {{ {'a': 1}|length }} {{ [1,2]|first }} {{ 'abc'|last }} {{ []|first }}",
    "filter: join": "{{ [1, 'a', none]|join(', ') }} {{ 'abc'|join('-') }} {{ messages|join('|', attribute='n.x') }}",
    "filter: map select": "{{ messages|map(attribute='n.x')|list }} {{ ['a', 'b']|map('upper')|list }} {{ messages|selectattr('n.x', 'gt', 1)|map(attribute='n.x')|list }} {{ messages|rejectattr('k')|list|length }} {{ [1, 0, 2]|select|list }} {{ [1, 2, 3]|reject('odd')|list }} {{ messages|map(attribute='k', default='D')|join(',') }}",
    "filter: map of nothing": "{{ none|map(attribute='x')|list }}{{ missing|selectattr('x')|list }}{{ ''|select|list }}",
    "expr: slice of nothing": "[{{ none[1:] }}{{ 1[:2] }}]",
    "filter: replace": "{{ 'aaa'|replace('a', 'b') }} {{ 'aaa'|replace('a', 'b', 2) }} {{ 'abc'|replace('', '-') }} {{ 12|replace('1', 'x') }}",
    "filter: list string int float": "{{ 'ab'|list }} {{ 12|string }} {{ '12'|int + 1 }} {{ 'x'|int }} {{ '3.7'|int }} {{ 3.9|int }} {{ '1.5'|float }} {{ 'z'|float }} {{ 'z'|int(default=9) }}",
    "filter: numbers": "{{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.1|round(method='ceil') }} {{ [1, 2.5]|sum }} {{ messages|sum(attribute='n.x') }} {{ [3, 1, 2]|max }} {{ [3, 1, 2]|min }} {{ 5|round }}",
    "filter: sort": "{{ ['b', 'A', 'c']|sort }} {{ ['b', 'A', 'c']|sort(case_sensitive=true) }} {{ [3, 1, 2]|sort(reverse=true) }} {{ {'b': 1, 'a': 2}|dictsort }} {{ ['a', 'A', 'b']|unique|list }} {{ messages|sort(attribute='n.x', reverse=true)|map(attribute='n.x')|list }}",
    "filter: items reverse": "{{ {'a': 1}|items|list }} {{ 'abc'|reverse }} {{ [1, 2]|reverse|list }}",
    "filter: indent": "{{ 'a\\nb\\n\\nc'|indent }}|{{ 'a\\nb\\n'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(1, blank=true) }}|{{ 'a\\nb'|indent('> ') }}",
    "filter: escape safe": "{{ '<a & \"b\\'>'|e }} {{ '<b>'|safe }}",
    # Tests and methods.
    "test: types": "{{ 'a' is string }}{{ 1 is string }}{{ {} is mapping }}{{ [] is iterable }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ [] is sequence }}{{ 1 is number }}{{ true is number }}{{ 1 is integer }}{{ true is integer }}{{ 1.0 is float }}{{ true is boolean }}{{ none is none }}{{ range is callable }}{{ missing is undefined }}",
    "test: true false": "{{ true is true }}{{ 1 is true }}{{ false is false }}{{ 0 is false }}{{ missing is false }}",
    "test: compare": "{{ 1 is eq 1 }}{{ 1 is ne 1 }}{{ 1 is lt 2 }}{{ 'a' is in ['a'] }}{{ 'a' is equalto 'a' }}{{ 'A' is upper }}{{ 'a' is lower }}{{ 2 is gt(1) }}{{ 1 is sameas 1 }}",
    "method: strip": "[{{ ' a '.strip() }}][{{ 'xxaxx'.lstrip('x') }}][{{ 'aab'.rstrip('b') }}][{{ 'abcba'.strip('ab') }}]",
    "method: split": "{{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b  c '.split(none, 1) }} {{ ' a b  c '.rsplit(none, 1) }} {{ ''.split(',') }} {{ ''.split() }} {{ 'a\\nb\\r\\nc\\n'.splitlines() }}",
    "method: affixes": "{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('bc') }}{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }}",
    "method: case and search": "{{ 'aBc'.upper() }} {{ 'aBc'.lower() }} {{ \"they're bIll\".title() }} {{ 'aBc'.capitalize() }} {{ 'abcab'.find('b') }} {{ 'abcab'.rfind('b') }} {{ 'abc'.find('x') }} {{ 'aaa'.count('a') }} {{ '-'.join(['a', 'b']) }} {{ 'aXbX'.replace('X', '') }} {{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ ''.isalpha() }}",
    "method: dict and list": "{{ {'a': 1}.get('a') }}{{ {}.get('a') }}{{ {'a': 1, 'b': 2}.values()|list }}{{ [1, 2, 1].count(1) }}{{ [1, 2].index(2) }}",
    "global: range dict": "{{ range(3)|list }}{{ range(1, 7, 2)|list }}{{ range(3, 0, -1)|list }}{{ dict(a=1, b=2) }}{{ dict({'x': 1}, y=2) }}",
}
DATA = [{"n": {"x": 1}}, {"n": {"x": 2}, "k": "v"}, {"n": {"x": 3}}]


def main():
    cases = []
    named = {
        "qwen3": ("tests/Text.Tests/Templates/qwen3.jinja", (HERE / "qwen3.jinja").read_text()),
        "demo": ("models/demo/chat_template.jinja", (ROOT / "models/demo/chat_template.jinja").read_text()),
        "tiny": (
            "tests/models/tiny-f32/tokenizer_config.json",
            json.loads((ROOT / "tests/models/tiny-f32/tokenizer_config.json").read_text())["chat_template"],
        ),
    }
    for name, (file, template) in named.items():
        for conversation, data in CONVERSATIONS.items():
            try:
                expected = render(template, data)
            except Exception as error:
                # The simple templates cannot write content that is null or a list.
                assert name != "qwen3", (conversation, error)
                continue
            cases.append({"name": f"{name}: {conversation}", "file": file, "input": data, "expected": expected})
    for name, case in SMALL.items():
        template, messages = case if isinstance(case, tuple) else (case, DATA)
        data = {"messages": messages}
        cases.append({"name": name, "template": template, "input": data, "expected": render(template, data)})
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
    print(len(cases), "cases, jinja2", jinja2.__version__)


main()
