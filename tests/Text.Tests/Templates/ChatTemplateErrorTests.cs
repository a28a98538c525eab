using System.Text.Json.Nodes;
using AkkaCp.Text.Templates;
using Xunit;

namespace AkkaCp.Text.Tests.Templates;

public sealed class ChatTemplateErrorTests
{
    [Theory]
    [InlineData("a\nb {{ 1 + }}", 2, 10, "expected an expression, found '}}'")]
    [InlineData("{{ x", 1, 1, "no end '}}'")]
    [InlineData("\n\n {% if x", 3, 2, "no end '%}'")]
    [InlineData("{% if x %}\nabc", 2, 4, "expected '{% elif %}' or '{% else %}' or '{% endif %}', found end of template")]
    [InlineData("{% for x in y %}\n{% endif %}", 2, 4, "unknown tag 'endif' where '{% endfor %}' or '{% else %}' is expected")]
    [InlineData("{% endif %}", 1, 4, "unknown tag 'endif'")]
    [InlineData("{% do x %}", 1, 4, "unknown tag 'do'")]
    [InlineData("{{ 'a'|nope }}", 1, 8, "no filter named 'nope'")]
    [InlineData("{% for a in [] %}{{ a|nope.x }}{% endfor %}", 1, 23, "no filter named 'nope.x'")]
    [InlineData("{{ 'a' is nope }}", 1, 8, "no test named 'nope'")]
    [InlineData("{% break %}", 1, 4, "'break' stands outside of a loop")]
    [InlineData("{% for a in b %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}", 1, 35, "'continue' stands outside of a loop")]
    [InlineData("{% for a in b %}{% set loop = 1 %}{% endfor %}", 1, 20, "cannot assign to 'loop'")]
    [InlineData("{% macro m(a, a) %}{% endmacro %}", 1, 4, "the parameter 'a' twice")]
    [InlineData("{% macro m(caller) %}{{ caller() }}{% endmacro %}", 1, 4, "'caller' must have a default")]
    [InlineData("{{ f(a=1, a=2) }}", 1, 5, "'a' is given twice")]
    [InlineData("{% block a %}{% endblock %}{% block a %}{% endblock %}", 1, 31, "block 'a' is defined twice")]
    [InlineData("{{ 1 is odd is even }}", 1, 13, "cannot be chained")]
    [InlineData("{{ 012 }}", 1, 5, "expected '}}', found '12'")]
    [InlineData("{% for x y %}{% endfor %}", 1, 10, "expected 'in', found 'y'")]
    [InlineData("{% set 1 = 2 %}", 1, 8, "expected a variable's name, found '1'")]
    [InlineData("{% set true = 2 %}", 1, 8, "cannot assign to 'true'")]
    [InlineData("ab {# cd", 1, 4, "no end '#}'")]
    [InlineData("{% raw %} x", 1, 1, "no '{% endraw %}'")]
    [InlineData("{{ 'abc }}", 1, 4, "string has no end")]
    [InlineData("{{ '\\x4' }}", 1, 4, "malformed escape")]
    [InlineData("{{ a ? b }}", 1, 6, "unexpected character '?'")]
    [InlineData("{{ (1, 2] }}", 1, 9, "unexpected ']'")]
    [InlineData("{{ f(a=1, 2) }}", 1, 11, "positional argument")]
    [InlineData("{{ a b }}", 1, 6, "expected '}}', found 'b'")]
    [InlineData("{{ a. }}", 1, 7, "expected a name or number after '.'")]
    [InlineData("{{ a| }}", 1, 7, "expected a filter's name")]
    [InlineData("{% macro m(a=1, b) %}{% endmacro %}", 1, 17, "without a default")]
    [InlineData("{{}}", 1, 3, "expected an expression")]
    [InlineData("{%%}", 1, 3, "expected a tag's name")]
    public void Malformed_IsRefusedWithItsPlace(string source, int line, int column, string reason)
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "t.jinja"));

        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.StartsWith($"t.jinja:{line}:{column}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\n{{ x.y }}", 2, 6, "'x' is undefined")]
    [InlineData("{{ messages[0].a.b }}", 1, 18, "'dict' has no attribute 'a'")]
    [InlineData("{{ none.a.b }}", 1, 11, "None has no attribute 'a'")]
    [InlineData("{{ x + 1 }}", 1, 6, "'x' is undefined")]
    [InlineData("{{ x() }}", 1, 5, "'x' is undefined")]
    [InlineData("{{ 'a' + 1 }}", 1, 8, "cannot apply + to 'str' and 'int'")]
    [InlineData("{{ none + 'a' }}", 1, 9, "cannot apply + to 'NoneType' and 'str'")]
    [InlineData("{{ 1 // 0 }}", 1, 6, "division by zero")]
    [InlineData("{{ 1.5 % 0 }}", 1, 8, "division by zero")]
    [InlineData("{{ 0 ** -1 }}", 1, 6, "division by zero")]
    [InlineData("{{ 1 < 'a' }}", 1, 4, "cannot order 'int' and 'str'")]
    [InlineData("{{ 1 in 'a' }}", 1, 4, "needs a string on its left")]
    [InlineData("{{ 'a' in 'ab'.encode() }}", 1, 4, "needs bytes or an integer on its left, found 'str'")]
    [InlineData("{{ 256 in 'ab'.encode() }}", 1, 4, "a byte is from 0 to 255")]
    [InlineData("{% for x in 5 %}{% endfor %}", 1, 4, "'int' cannot be iterated over")]
    [InlineData("{% for a, b in [1] %}{% endfor %}", 1, 4, "expected 2 items to unpack, found 'int'")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}", 1, 4, "expected 2 items to unpack, found 1")]
    [InlineData("{% for a, b in ['abc'] %}{% endfor %}", 1, 4, "expected 2 items to unpack, found more")]
    [InlineData("{% set messages.x = 1 %}", 1, 4, "not a namespace")]
    [InlineData("{% if true %}{{ 'a'|nope }}{% endif %}", 1, 21, "no filter named 'nope'")]
    [InlineData("{{ ('a' is nope) if true }}", 1, 9, "no test named 'nope'")]
    [InlineData("{% include 'x' %}", 1, 4, "'include' needs another template")]
    [InlineData("{% if true %}{% from 'x' import y %}{% endif %}", 1, 17, "'from' needs another template")]
    [InlineData("{% macro m() %}{% endmacro %}{{ m(1) }}", 1, 34, "macro 'm' takes not more than 0 arguments")]
    [InlineData("{% macro m() %}{% endmacro %}{{ m(a=1) }}", 1, 34, "macro 'm' takes no keyword argument 'a'")]
    [InlineData("{% filter length %}a{% endfilter %}", 1, 4, "a filter block puts out text, found 'int'")]
    [InlineData("{% set l = none %}{{ l[1:] }}", 1, 23, "'NoneType' cannot be sliced")]
    [InlineData("{{ missing|int }}", 1, 12, "'missing' is undefined")]
    [InlineData("{{ '%d' % 'a' }}", 1, 9, "%d needs a number, found 'str'")]
    [InlineData("{{ '%s %s' % 1 }}", 1, 12, "not enough values")]
    [InlineData("{{ '{:d}'.format('a') }}", 1, 17, "unknown format code 'd' for 'str'")]
    [InlineData("{{ '{'.format(1) }}", 1, 14, "single '{'")]
    [InlineData("{{ [1][:2](3) }}", 1, 11, "'list' cannot be called")]
    [InlineData("{{ (-8) ** 0.5 }}", 1, 9, "complex")]
    [InlineData("{{ 2.0 ** 10000 }}", 1, 8, "out of range")]
    [InlineData("{% for a in [1] %}{{ loop([2]) }}{% endfor %}", 1, 26, "'recursive' marker")]
    [InlineData("{{ 'a'.__class__.__mro__ }}", 1, 18, "'str' has no attribute '__class__'")]
    [InlineData("{{ messages.append(1) }}", 1, 19, "access to attribute 'append' of 'list' object is unsafe")]
    [InlineData("{{ x|tojson }}", 1, 6, "'x' is undefined")]
    [InlineData("{{ range|tojson }}", 1, 10, "tojson cannot write")]
    [InlineData("{{ {[]: 1} }}", 1, 4, "mapping's key")]
    [InlineData("{{ 'a'.split('') }}", 1, 13, "separator is empty")]
    [InlineData("{{ 'a'.upper(1) }}", 1, 13, "at most 0 arguments")]
    [InlineData("{{ 'a'|replace('b') }}", 1, 8, "needs the argument 'new'")]
    [InlineData("{{ 'a'|indent(depth=1) }}", 1, 8, "no argument 'depth'")]
    [InlineData("{{ [1][::0] }}", 1, 7, "step cannot be zero")]
    [InlineData("{{ [messages[0], {'a': 1}]|sort }}", 1, 28, "cannot order 'dict' and 'dict'")]
    [InlineData("{{ 5() }}", 1, 5, "'int' cannot be called")]
    [InlineData("{% if true %}\n  {{ raise_exception('roles must ' ~ 'alternate') }}{% endif %}", 2, 21, "roles must alternate")]
    [InlineData("{{ raise_exception() }}", 1, 19, "needs the argument 'message'")]
    public void Failing_IsReportedWithItsPlace(string source, int line, int column, string reason)
    {
        var template = ChatTemplate.Parse(source);
        var input = new ChatTemplateInput { Messages = [new JsonObject()] };

        var error = Assert.Throws<TemplateException>(() => template.Render(input));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal((line, column), (error.Line, error.Column));
    }

    [Fact]
    public void HalfASurrogatePair_IsRefused()
    {
        var input = new ChatTemplateInput { Messages = [JsonNode.Parse("""{"role": "user", "content": "a\ud800b"}""")] };

        var error = Assert.Throws<TemplateException>(() => TemplateCase.Qwen3.Render(input));
        Assert.StartsWith("input 'messages': ", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AfterAFailure_TheTemplateStillRenders()
    {
        var template = ChatTemplate.Parse("{{ messages[0] + 'x' }}");
        Assert.Throws<TemplateException>(() => template.Render(new ChatTemplateInput { Messages = [1] }));
        Assert.Equal("ax", template.Render(new ChatTemplateInput { Messages = ["a"] }));
    }
}
