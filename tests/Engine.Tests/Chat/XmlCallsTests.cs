using AkkaCp.Engine.Chat;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class XmlCallsTests
{
    private const string Tools = """
        [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {
            "a": {"type": "string"}, "n": {"type": "integer"}, "o": {"type": "object"}}}}},
         {"type": "function", "function": {"name": "now"}}]
        """;

    public static TheoryData<string, string> Calls { get; } = new()
    {
        // As the template shows it, and in one line.
        {
            "<tool_call>\n<function=f>\n<parameter=a>\nx y\n</parameter>\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>",
            "C:f{\"a\":\"x y\",\"n\":3}"
        },
        {
            "<tool_call><function=f><parameter=a>x</parameter><parameter=n>3</parameter></function></tool_call>",
            "C:f{\"a\":\"x\",\"n\":3}"
        },
        { "<tool_call>\n<function=now>\n</function>\n</tool_call>", "C:now{}" },
        { "<tool_call>\n<function=now></tool_call>", "C:now{}" },
        { "<tool_call>\r\n<function=f>\r\n<parameter=a>\r\nx\r\n</parameter>\r\n</function>\r\n</tool_call>", "C:f{\"a\":\"x\"}" },
        { "<tool_call><function= f ><parameter= n > 3 </parameter></function></tool_call>", "C:f{\"n\":3}" },
        // One line break on either side belongs to the form, all others to the value.
        { "<tool_call><function=f><parameter=a>\n\n  x\n\ny\n\n</parameter></function></tool_call>", "C:f{\"a\":\"\\n  x\\n\\ny\\n\"}" },
        { "<tool_call><function=f><parameter=a></parameter></function></tool_call>", "C:f{\"a\":\"\"}" },
        { "<tool_call><function=f><parameter=a>\n\n</parameter></function></tool_call>", "C:f{\"a\":\"\"}" },
        // Nothing is escaped.
        {
            "<tool_call><function=f><parameter=a>if a < b && c > d: \"é\\n😀</b>\"</parameter></function></tool_call>",
            "C:f{\"a\":\"if a < b && c > d: \\\"é\\\\n\\uD83D\\uDE00</b>\\\"\"}"
        },
        { "<tool_call><function=f><parameter=a>&lt;b&gt;</parameter></function></tool_call>", "C:f{\"a\":\"&lt;b&gt;\"}" },
        { "<tool_call><function=f><parameter=a>half \ud83d</parameter></function></tool_call>", "C:f{\"a\":\"half \uFFFD\"}" },
        // Several calls, in tags of their own or in one.
        {
            "<tool_call><function=f><parameter=n>1</parameter></function></tool_call>\n<tool_call><function=now></function></tool_call>",
            "C:f{\"n\":1}|C:now{}"
        },
        {
            "<tool_call>\n<function=f>\n<parameter=n>1</parameter>\n</function>\n<function=now>\n</function>\n</tool_call>\nok",
            "C:f{\"n\":1}|C:now{}|T:ok"
        },
        { "I look.\n\n<tool_call><function=now></function></tool_call>", "T:I look.|C:now{}" },
        // Names that were not offered: the caller says so to the model; their values stay texts.
        {
            "<tool_call><function=g><parameter=n>3</parameter><parameter=m>true</parameter></function></tool_call>",
            "C:g{\"n\":\"3\",\"m\":\"true\"}"
        },
        { "<tool_call><function=f><parameter=zz>3</parameter></function></tool_call>", "C:f{\"zz\":\"3\"}" },
        { "<tool_call><function=now><parameter=zone>7</parameter></function></tool_call>", "C:now{\"zone\":\"7\"}" },
        { "<tool_call><function=f><parameter=n>1</parameter><parameter=n>2</parameter></function></tool_call>", "C:f{\"n\":2}" },
        // Tags that the model drops.
        { "<function=f>\n<parameter=n>\n1\n</parameter>\n</function>\n</tool_call>", "C:f{\"n\":1}" },
        { "I look.\n\n<function=now>\n</function>\n\nok", "T:I look.|C:now{}|T:ok" },
        { "<function=f><parameter=n>1</parameter></function><function=now></function></tool_call>", "C:f{\"n\":1}|C:now{}" },
        {
            "<tool_call>\n<function=f>\n<parameter=a>\nx\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>",
            "C:f{\"a\":\"x\",\"n\":3}"
        },
        { "<tool_call><function=f><parameter=a>x<parameter=n>3</function></tool_call>", "C:f{\"a\":\"x\",\"n\":3}" },
        { "<tool_call><function=g><parameter=a>x<parameter=b>y</parameter></function></tool_call>", "C:g{\"a\":\"x\",\"b\":\"y\"}" },
        {
            "<tool_call>\n<function=f>\n<parameter=a>\nx\n</function>\n</tool_call>\n<tool_call><function=now></function></tool_call>",
            "C:f{\"a\":\"x\"}|C:now{}"
        },
        { "<tool_call><function=f><parameter=a>x</parameter></tool_call>\nok", "C:f{\"a\":\"x\"}|T:ok" },
        { "<tool_call><function=f><parameter=a>x</parameter></function>", "C:f{\"a\":\"x\"}" },
        {
            "<tool_call><function=f><parameter=a>x</parameter></function>\n<tool_call><function=now></function></tool_call>",
            "C:f{\"a\":\"x\"}|C:now{}"
        },
        // Values that hold such tags.
        {
            "<tool_call><function=f><parameter=a>\nclose = \"</parameter>\" + '</tool_call>' + '</function>' + '<tool_call>'\n" +
            "</parameter><parameter=n>3</parameter></function></tool_call>",
            "C:f{\"a\":\"close = \\\"</parameter>\\\" + '</tool_call>' + '</function>' + '<tool_call>'\",\"n\":3}"
        },
        {
            "<tool_call><function=f><parameter=a>\n<tool_call>\n<function=x>\n<parameter=y>\nv\n</parameter>\n</function>\n" +
            "</tool_call>\n</parameter>\n</function>\n</tool_call>",
            "C:f{\"a\":\"<tool_call>\\n<function=x>\\n<parameter=y>\\nv\\n</parameter>\\n</function>\\n</tool_call>\"}"
        },
        { "<tool_call><function=f><parameter=a>\n<parameter=y>\n</parameter>\n</function>\n</tool_call>", "C:f{\"a\":\"<parameter=y>\"}" },
        {
            "<tool_call><function=f><parameter=a>{\"name\": \"<parameter=a>\"}</parameter></function></tool_call>",
            "C:f{\"a\":\"{\\\"name\\\": \\\"<parameter=a>\\\"}\"}"
        },
        {
            "<tool_call><function=f><parameter=o>{\"x\": \"</parameter>\"}</parameter></function></tool_call>",
            "C:f{\"o\":{\"x\":\"</parameter>\"}}"
        },
        // A model that was taught tags may fall back to the form that it knew before.
        { "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"3\"}}\n</tool_call>", "C:f{\"a\":\"3\"}" },
    };

    public static TheoryData<string> Texts { get; } = new()
    {
        "Use <function=NAME> for it.",
        "Use <function=f> for it.",
        "Like <function=other>\n<parameter=a>1</parameter>\n</function>",
        "<tool_call><function=f",
        "<tool_call><function=f>\n",
        "<tool_call>\n<function=f>\n<parameter=a>\nx",
        "<tool_call>\n<function=f>\n<parameter=a>\nx\n</parameter>\n",
        "<tool_call>\n<function=f>\n<parameter=a>\nx\n</parameter>\n<parameter=n",
        "<tool_call>\n<function=f>\n<parameter=a>\nx\n</tool_call>",
        "<tool_call><function=></function></tool_call>",
        "<tool_call><function=f><parameter=>1</parameter></function></tool_call>",
        "<tool_call><function=f>{\"a\": 1}</function></tool_call>",
        "<tool_call><function=f>\nand <parameter=a>1</parameter></function></tool_call>",
        "<tool_call><fun></fun></tool_call>",
        "<tool_call>f</tool_call>",
        "<function=f>\n<parameter=a>\nx",
        "</tool_call></function></parameter>",
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Calls_AreReadInEveryCut(string text, string expected) => InEveryCut(expected, text);

    [Theory]
    [MemberData(nameof(Texts))]
    public void WhatIsNoCall_IsTextAsTheModelWroteIt(string text) => InEveryCut("T:" + text, text);

    [Fact]
    public void CutAnywhere_ACallIsWholeOrText()
    {
        const string Call = "<tool_call>\n<function=f>\n<parameter=a>\nrm -rf /tmp/x\n</parameter>\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>";
        var function = Call.IndexOf("</function>", StringComparison.Ordinal) + "</function>".Length;

        for (var length = 1; length <= Call.Length; length++)
        {
            var cut = Call[..length];
            var expected = length < function ? "T:" + cut : "C:f{\"a\":\"rm -rf /tmp/x\",\"n\":3}";
            Assert.StartsWith(expected, Show(cut, [length]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NestingBeyondWhatAMessageCanHold_IsTheText()
    {
        foreach (var depth in Enumerable.Range(55, 15))
        {
            var value = new string('[', depth) + new string(']', depth);
            var text = $"<tool_call><function=f><parameter=o>{value}</parameter></function></tool_call>";
            var call = Assert.Single(Answer.Parse(text, false, Answer.Reader(readsXml: true, Tools))).Call!;
            Assert.Equal(depth > 62 ? $"\"{value}\"" : value, Answer.Show(call.Arguments["o"]));
            Assert.Single(ToolCallJson.ToPrompt(ToolCallJson.ToContent(call, "id")).Arguments.EnumerateObject());
        }
    }

    private static void InEveryCut(string expected, string text)
    {
        Assert.Equal(expected, Show(text, [text.Length]));
        Gen.Int[1, 9].Array[16].Sample(lengths => Assert.Equal(expected, Show(text, lengths)), iter: 50, seed: "0000KF8xxxI4");
    }

    private static string Show(string text, int[] lengths) =>
        Answer.Show(Answer.Parse(text, false, Answer.Reader(readsXml: true, Tools), lengths));
}
