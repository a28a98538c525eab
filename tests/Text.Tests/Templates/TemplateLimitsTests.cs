using System.Text.Json.Nodes;
using AkkaCp.Text.Templates;
using Xunit;

namespace AkkaCp.Text.Tests.Templates;

/// <summary>Hostile templates: each ends in a TemplateException within the default limits,
/// and takes no more memory than they allow.</summary>
public sealed class TemplateLimitsTests
{
    private const long MostBytes = 600L << 20;

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{{ a * b }}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested deeper")]
    [InlineData("{% macro f(n) %}{{ g(n) }}{% endmacro %}{% macro g(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}", "nested deeper")]
    [InlineData("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(25) }}", "steps")]
    [InlineData("{% macro f(a=f()) %}{% endmacro %}{{ f() }}", "nested deeper")]
    public void EndlessWork_Ends(string template, string reason) => AssertRefused(template, reason);

    [Theory]
    [InlineData("{{ 'x' * 1000000000 }}", "1000000000 characters")]
    [InlineData("{{ 'x' * 10 ** 30 }}", "repetitions")]
    [InlineData("{% for i in range(100) %}{{ 'x' * 1000000 }}{% endfor %}", "output is longer")]
    [InlineData("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "output is longer")]
    [InlineData(
        "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s]|join %}{% endfor %}", "output is longer")]
    [InlineData("{% set s = 'x' * 4000 %}{{ s|replace('x', s)|replace('x', s) }}", "output is longer")]
    [InlineData("{{ ('x' * 1000000)|replace('', 'y' * 1000000) }}", "output is longer")]
    [InlineData("{{ (range(100000)|list)|join('x' * 100000) }}", "output is longer")]
    [InlineData("{{ ('x\n' * 100000)|indent(1000000) }}", "output is longer")]
    [InlineData("{{ 'x'|indent(2000000000) }}", "characters")]
    [InlineData("{{ [[[[1]]]]|tojson(indent=10000000) }}", "output is longer")]
    [InlineData("{{ strftime_now('%A' * 3000000) }}", "output is longer")]
    [InlineData("{{ '%1000000000d' % 1 }}", "characters")]
    [InlineData("{{ '%*d' % (2000000000, 1) }}", "characters")]
    [InlineData("{{ '%.1000000000d' % 1 }}", "characters")]
    [InlineData("{{ '%.1000000000f' % 1 }}", "characters")]
    [InlineData("{{ '%.2000000000e'|format(1.5) }}", "characters")]
    [InlineData("{{ '{:>1000000000}'.format('a') }}", "characters")]
    [InlineData("{{ '{:.1000000000f}'.format(1) }}", "characters")]
    [InlineData("{{ '{:01000000000,}'.format(1) }}", "characters")]
    [InlineData("{{ '{:{}}'.format(1, 1000000000) }}", "characters")]
    [InlineData("{{ ('{0}' * 1000000).format('x' * 1000000) }}", "output is longer")]
    [InlineData("{{ 'a'.center(10 ** 9) }}", "characters")]
    [InlineData("{{ 'a'|center(10 ** 9) }}", "characters")]
    [InlineData("{{ 'a'.ljust(10 ** 30) }}", "characters")]
    [InlineData("{{ 'a'.rjust(10 ** 9, '🏳') }}", "characters")]
    [InlineData("{{ 'a'.zfill(10 ** 9) }}", "characters")]
    [InlineData("{{ '\t'.expandtabs(10 ** 9) }}", "characters")]
    [InlineData("{{ ('\t' * 1000000).expandtabs(1000) }}", "output is longer")]
    [InlineData("{{ ('a' * 100000).translate({97: 'x' * 100000}) }}", "output is longer")]
    [InlineData("{{ ('x' * 100000).join('y' * 100000) }}", "output is longer")]
    [InlineData("{{ lipsum(1000000000) }}", "output is longer")]
    [InlineData("{{ lipsum(1, false, 100000000, 200000000) }}", "output is longer")]
    [InlineData("{{ strftime_now('%1000000000d') }}", "characters")]
    [InlineData("{{ (1000000 * 'ß ')|upper|upper|replace(' ', 'x' * 1000) }}", "output is longer")]
    [InlineData("{{ ('<' * 5000000)|e }}", "output is longer")]
    [InlineData("{{ {'a': '<' * 5000000}|xmlattr }}", "output is longer")]
    [InlineData("{{ ('é' * 5000000)|urlencode }}", "output is longer")]
    [InlineData("{{ ('www.a.de ' * 400000)|urlize }}", "output is longer")]
    [InlineData("{{ ('a b\n' * 1000000)|wordwrap(1, wrapstring='x' * 1000) }}", "output is longer")]
    [InlineData("{% filter upper %}{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}{% endfilter %}", "output is longer")]
    public void HugeText_IsNeverMade(string template, string reason) => AssertRefused(template, reason);

    [Theory]
    [InlineData("{{ range(1000000000) }}", "100000")]
    [InlineData("{{ range(-2000000000, 2000000000) }}", "100000")]
    [InlineData("{{ [0] * 1000000000 }}", "steps")]
    [InlineData("{{ [1, 2] * 10 ** 40 }}", "repetitions")]
    [InlineData("{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "steps")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = ns.l + [i] %}{% endfor %}", "steps")]
    [InlineData("{{ ('x' * 16000000)|list }}", "steps")]
    [InlineData("{{ ('x ' * 8000000).split() }}", "steps")]
    [InlineData("{{ [1]|batch(1000000000, 0)|list }}", "steps")]
    [InlineData("{{ [1]|batch(10 ** 30, 0)|list }}", "steps")]
    [InlineData("{{ [1]|slice(1000000000)|list }}", "steps")]
    [InlineData("{{ [1]|slice(1000000000, 0)|last }}", "has no last item")]
    [InlineData("{{ dict.fromkeys('x' * 10000000) }}", "steps")]
    [InlineData("{{ 'x'.maketrans('x' * 10000000, 'y' * 10000000) }}", "steps")]
    [InlineData("{{ cycler(*range(100000)|list * 1000) }}", "steps")]
    [InlineData("{% set ns = namespace(i=[1]) %}{% for i in range(60) %}{% set ns.i = [ns.i, ns.i]|sum(start=[]) %}{% endfor %}", "steps")]
    public void HugeList_IsNeverMade(string template, string reason) => AssertRefused(template, reason);

    /// <summary>Each repeats something that is linear in a long text; nothing may be free because it is short to write.</summary>
    [Theory]
    [InlineData("{{ t in u }}")]
    [InlineData("{{ u.find(t) }}")]
    [InlineData("{{ u.rfind(t) }}")]
    [InlineData("{{ u.count(t) }}")]
    [InlineData("{{ u.split(t)|length }}")]
    [InlineData("{{ u|replace(t, '')|length }}")]
    [InlineData("{{ u.strip(u) }}")]
    [InlineData("{{ u is upper }}")]
    [InlineData("{{ u.isdigit() }}")]
    [InlineData("{{ {u: 1}|length }}")]
    [InlineData("{{ m[u] }}")]
    [InlineData("{{ m.get(u) }}")]
    [InlineData("{{ u in m }}")]
    [InlineData("{{ u == u }}")]
    [InlineData("{{ [u]|unique(true)|list|length }}")]
    [InlineData("{% set s = [u]|string %}")]
    [InlineData("{% set s = [u]|tojson %}")]
    [InlineData("{{ [m]|map(attribute=u)|list|length }}")]
    [InlineData("{{ u.find(t, 1, -1) }}")]
    [InlineData("{{ u.partition(t)|length }}")]
    [InlineData("{{ u.rsplit(t)|length }}")]
    [InlineData("{{ u.lower()|length }}")]
    [InlineData("{{ u.swapcase()|length }}")]
    [InlineData("{{ u.istitle() }}")]
    [InlineData("{{ u.startswith('b', 1) }}")]
    [InlineData("{{ u[:1] }}")]
    [InlineData("{{ u|wordcount }}")]
    [InlineData("{{ u|striptags|length }}")]
    [InlineData("{{ u|int }}")]
    [InlineData("{{ u|float }}")]
    [InlineData("{{ (u % ())|length }}")]
    [InlineData("{{ u.format()|length }}")]
    [InlineData("{{ {(u, u): 1}|length }}")]
    [InlineData("{{ [(u, 1)]|unique|list|length }}")]
    [InlineData("{{ loop.changed(u) }}")]
    [InlineData("{{ u|pprint|length }}")]
    [InlineData("{{ u|wordwrap(100)|length }}")]
    [InlineData("{{ u|urlize|length }}")]
    [InlineData("{{ u.encode().decode()|length }}")]
    public void LinearWork_IsPaidFor(string use) => AssertRefused(
        "{% set t = 'a' * 200000 ~ 'b' ~ 'a' * 200000 %}{% set u = 'a' * 1000000 %}{% set m = {'k': 1} %}"
        + "{% for i in range(3000) %}" + use + "{% endfor %}",
        "steps",
        new TemplateLimits(MaxSteps: 2_000_000));

    [Theory]
    [InlineData("{{ 2 ** 1000000000 }}", "16384 bits")]
    [InlineData("{{ 2 ** (2 ** (2 ** (2 ** 2))) }}", "16384 bits")]
    [InlineData("{{ 10 ** 4500 }}", "more than 4300 digits")]
    [InlineData("{{ 10 ** 400 / 3 }}", "too large for a float")]
    [InlineData("{% set ns = namespace(n=9) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", "16384 bits")]
    [InlineData("{% set n = 2 ** 16000 %}{% for i in range(90000) %}{% set m = n * n // n %}{% endfor %}", "16384 bits")]
    [InlineData("{% set n = 2 ** 8000 %}{% for i in range(90000) %}{% set m = n * n // n %}{% endfor %}", "steps")]
    [InlineData("{% set n = 2 ** 14000 %}{% for i in range(90000) %}{% set m = n|string %}{% endfor %}", "steps")]
    [InlineData("{% set n = '9' * 4000 %}{% for i in range(90000) %}{% set m = n|int %}{% endfor %}", "steps")]
    public void HugeNumber_IsNeverMade(string template, string reason) => AssertRefused(template, reason);

    [Theory]
    [InlineData("{{ ns.v }}")]
    [InlineData("{{ ns.v|tojson }}")]
    [InlineData("{{ ns.v == ns.w }}")]
    [InlineData("{{ ns.v < ns.w }}")]
    [InlineData("{{ ns.v in [ns.w] }}")]
    [InlineData("{{ ns.v|string }}")]
    [InlineData("{{ ns.v|pprint }}")]
    [InlineData("{{ {ns.t: 1} }}")]
    [InlineData("{{ ns.t in {1: 2} }}")]
    [InlineData("{{ [ns.t]|unique|list }}")]
    [InlineData("{{ ns.i|list }}")]
    [InlineData("{% for x in ns.i %}{% endfor %}")]
    public void DeepValue_OverflowsNoStack(string use) => AssertRefused(
        "{% set ns = namespace(v=[], w=[], t=(), i=[1]) %}{% for i in range(60000) %}{% set ns.v = [ns.v] %}{% set ns.w = [ns.w] %}"
            + "{% set ns.t = (ns.t,) %}{% set ns.i = ns.i|select %}{% endfor %}" + use,
        "nested deeper");

    /// <summary>A value of 60 levels, each holding the one before twice: 2^60 leaves in 60 lists.</summary>
    [Theory]
    [InlineData("{{ ns.v }}", "output is longer")]
    [InlineData("{{ ns.v|tojson }}", "output is longer")]
    [InlineData("{{ ns.v == ns.w }}", "steps")]
    [InlineData("{{ ns.v|pprint }}", "steps")]
    [InlineData("{{ {ns.t: 1} }}", "steps")]
    [InlineData("{{ ns.t in {1: 2} }}", "steps")]
    public void SharedValue_IsBoundedByItsExpansion(string use, string reason) => AssertRefused(
        "{% set ns = namespace(v='x' * 100, w='x' * 100, t=()) %}{% for i in range(60) %}"
            + "{% set ns.v = [ns.v, ns.v] %}{% set ns.w = [ns.w, ns.w] %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}" + use,
        reason);

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("-", "")]
    [InlineData("not ", "")]
    [InlineData("{1:", "}")]
    [InlineData("f(", ")")]
    [InlineData("a[", "]")]
    [InlineData("a|f(", ")")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("a is b(", ")")]
    public void DeepExpression_IsRefusedByTheParser(string open, string close)
    {
        var source = "{{ " + string.Concat(Enumerable.Repeat(open, 50_000)) + "1" + string.Concat(Enumerable.Repeat(close, 50_000)) + " }}";
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source));
        Assert.Contains("nested deeper than 256", error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% if 1 %}")]
    [InlineData("{% for a in b %}")]
    [InlineData("{% macro m() %}")]
    [InlineData("{% set x %}")]
    [InlineData("{% filter upper %}")]
    public void DeepTags_AreRefusedByTheParser(string tag)
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(string.Concat(Enumerable.Repeat(tag, 20_000))));
        Assert.Contains("nested deeper than 256", error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" + 1")]
    [InlineData(" and 1")]
    [InlineData(" or 0")]
    [InlineData(".a")]
    [InlineData("|string")]
    [InlineData(" if 1")]
    [InlineData("[0]")]
    public void LongChain_IsRefusedWhenEvaluated(string link) =>
        AssertRefused("{% set a = 1 %}{{ a" + string.Concat(Enumerable.Repeat(link, 20_000)) + " }}", "nested deeper");

    /// <summary>Removing comments and tags, and cutting words, is linear in what is left.</summary>
    [Theory]
    [InlineData("{{ ('<>' * 1000000)|striptags }}", "")]
    [InlineData("{{ ('<!---->' * 500000)|striptags }}", "")]
    [InlineData("{{ ('<!--' * 500000)|striptags|length }}", "2000000")]
    [InlineData("{{ ('a' * 200000)|wordwrap(1)|length }}", "399999")]
    [InlineData("{{ ('-' * 200000)|wordwrap(3)|length }}", "266666")]
    [InlineData("{{ ('a-' * 100000)|wordwrap(3)|length }}", "299998")]
    [InlineData("{{ ('x' ~ '(' * 200000 ~ ')' * 200000)|urlize|length }}", "400001")]
    [InlineData("{{ ('a@' * 200000)|urlize|length }}", "400000")]
    [InlineData("{{ ('a.' * 200000)|urlize|length }}", "400000")]
    [InlineData("{{ ('Σ' * 200000).lower()|length }}", "200000")]
    [InlineData("{{ ('a' ~ '.' * 200000 ~ 'Σ').lower()|length }}", "200002")]
    [InlineData("{{ ('&' * 200000)|safe|striptags|length }}", "200000")]
    public void LongText_IsNoMoreWorkThanItsLength(string template, string expected)
    {
        // Quadratic work on these would take many minutes.
        var limits = new TemplateLimits(MaxSteps: 40_000_000);
        Assert.Equal(expected, ChatTemplate.Parse(template, limits: limits).Render(Empty));
    }

    [Fact]
    public void LongFilterBlock_IsRefusedWhenEvaluated() =>
        AssertRefused("{% filter upper" + string.Concat(Enumerable.Repeat("|upper", 20_000)) + " %}{% endfilter %}", "nested deeper");

    [Theory]
    [InlineData("{% macro m(", ", a", ") %}{% endmacro %}", 300, "more than 255 parameters")]
    [InlineData("{{ ", "a", " }}", 300, "more than 255 characters")]
    [InlineData("{{ 1", "1", " }}", 5000, "more than 4300 digits")]
    public void LongPieces_AreRefusedByTheParser(string start, string piece, string end, int count, string reason)
    {
        var source = start + string.Concat(Enumerable.Repeat(piece, count)).TrimStart(',') + end;
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void DeepInput_IsRefused()
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < 1_000; i++)
            node = new JsonArray(node);
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse("x").Render(new ChatTemplateInput { Messages = [node] }));
        Assert.Contains("input 'messages': nested deeper", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void LongTemplate_IsRefused()
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(new string('x', 2_000_000)));
        Assert.Contains("2000000 characters", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void OwnLimits_Hold()
    {
        var limits = new TemplateLimits(MaxSteps: 1_000, MaxDepth: 20, MaxOutputChars: 10);
        Assert.Equal("0123456789", ChatTemplate.Parse("0123456789", limits: limits).Render(Empty));
        Assert.Contains("limit of 10 ", Refusal("01234{{ 'x' * 6 }}", limits), StringComparison.Ordinal);
        Assert.Contains("limit of 1000 steps", Refusal("{% for i in range(500) %}{% endfor %}", limits), StringComparison.Ordinal);
    }

    /// <summary>A million tokens of conversation are well inside the default limits.</summary>
    [Fact]
    public void LongConversation_IsRendered()
    {
        var messages = new JsonNode?[200];
        for (var i = 0; i < messages.Length; i++)
            messages[i] = new JsonObject { ["role"] = i % 2 == 0 ? "user" : "assistant", ["content"] = new string('x', 20_000) };

        Assert.InRange(TemplateCase.Qwen3.Render(new ChatTemplateInput { Messages = messages }).Length, 4_000_000, 4_100_000);
    }

    private static ChatTemplateInput Empty { get; } = new() { Messages = [] };

    private static string Refusal(string template, TemplateLimits limits) =>
        Assert.Throws<TemplateException>(() => ChatTemplate.Parse(template, limits: limits).Render(Empty)).Reason;

    private static void AssertRefused(string template, string reason, TemplateLimits? limits = null)
    {
        var parsed = ChatTemplate.Parse(template, limits: limits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<TemplateException>(() => parsed.Render(Empty));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
    }
}
