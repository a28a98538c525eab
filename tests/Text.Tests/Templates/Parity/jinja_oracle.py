"""Jinja2 set up as transformers.apply_chat_template sets it up, with a clock that stands still."""
import copy
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2026, 1, 5, 13, 4, 9, 78)


class GenerationTag(jinja2.ext.Extension):
    """transformers marks the assistant's text with this tag; the text itself does not change."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(format):
        return NOW.strftime(format)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env


ENVIRONMENT = environment()


def render(template, data):
    """The text, or the exception that Jinja2 raised."""
    variables = {"messages": data.get("messages", []), "tools": data.get("tools"), "documents": None}
    variables["add_generation_prompt"] = data.get("add_generation_prompt", True)
    variables.update(data.get("chat_template_kwargs", {}))
    try:
        # A copy, since the filter indent changes the list that it then refuses.
        text = ENVIRONMENT.from_string(template).render(**copy.deepcopy(variables))
        text.encode()
        return text
    except Exception as error:
        return error
