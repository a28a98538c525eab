using AkkaCp.Engine.Chat;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class OutputParserTests
{
    private const string F = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
    private const string G = "<tool_call>{\"name\": \"g\"}</tool_call>";
    private const string XmlF = "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>";
    private const string Tools = """[{"name": "f", "parameters": {"properties": {"a": {"type": "integer"}}}}]""";

    [Theory]
    [InlineData(false, "plain answer", "T:plain answer")]
    [InlineData(false, "<think>\nhmm\n</think>\n\nanswer", "R:hmm|T:answer")]
    [InlineData(false, "\n<think>hmm</think>answer", "R:hmm|T:answer")]
    [InlineData(true, "hmm\n</think>\n\nanswer", "R:hmm|T:answer")]
    [InlineData(true, "never closed", "R:never closed")]
    [InlineData(true, "</think>answer", "T:answer")]
    [InlineData(false, "I say <think> aloud", "T:I say <think> aloud")]
    [InlineData(false, "<thin", "T:<thin")]
    [InlineData(false, "a < b and <tool_cal", "T:a < b and <tool_cal")]
    [InlineData(false, "well\n" + F, "T:well|C:f{\"a\":1}")]
    [InlineData(false, F + "\n" + G + "\n", "C:f{\"a\":1}|C:g{}")]
    [InlineData(false, F + "\n\nDone", "C:f{\"a\":1}|T:Done")]
    [InlineData(true, "hmm</think>" + F, "R:hmm|C:f{\"a\":1}")]
    public void WhateverThePieces_PartsAndTagsAreTold(bool opensReasoning, string text, string expected) =>
        InEveryCut(expected, text, opensReasoning);

    [Theory]
    [InlineData(true, "I need it.\n" + F, "R:I need it.|C:f{\"a\":1}")]
    [InlineData(true, "I need it.\n" + XmlF, "R:I need it.|C:f{\"a\":1}")]
    [InlineData(false, "<think>\nI need it.\n\n" + F + "\n" + G, "R:I need it.|C:f{\"a\":1}|C:g{}")]
    [InlineData(true, F, "C:f{\"a\":1}")]
    [InlineData(true, "hm" + F + "\nIt is so.", "R:hm|C:f{\"a\":1}|T:It is so.")]
    [InlineData(true, "hm" + F + "\n</think>\n\nIt is so.", "R:hm|C:f{\"a\":1}|T:It is so.")]
    [InlineData(true, "hm" + F + "</think>" + G + "</think>", "R:hm|C:f{\"a\":1}|C:g{}|T:</think>")]
    public void CallInOpenReasoning_EndsIt(bool opensReasoning, string text, string expected) => InEveryCut(expected, text, opensReasoning);

    [Theory]
    [InlineData(true, "the rule says: the <tool_call> block comes\nafter </think> so.\n</think>\n\nDone",
        "R:the rule says: the <tool_call> block comes\nafter|T:so.\n</think>\n\nDone")]
    [InlineData(true, "a\n <tool_call> \nb </tool_call>\n c", "R:a\n <tool_call> \nb </tool_call>\n c")]
    [InlineData(true, "as <tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call> says",
        "R:as <tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call> says")]
    [InlineData(true, "or <function=f>\n</function> first", "R:or <function=f>\n</function> first")]
    [InlineData(false, "write  <tool_call> \n and  </tool_call>  around", "T:write  <tool_call> \n and  </tool_call>  around")]
    [InlineData(false, "a\n<tool_call>\nnot json\n</tool_call>\n b", "T:a\n<tool_call>\nnot json\n</tool_call>\n b")]
    [InlineData(false, "a <tool_call>{\"name\": 1} b " + F, "T:a <tool_call>{\"name\": 1} b|C:f{\"a\":1}")]
    [InlineData(false, "<tool_call>" + F, "T:<tool_call>|C:f{\"a\":1}")]
    [InlineData(false, "<tool_call>{cut", "T:<tool_call>{cut")]
    [InlineData(false, "a\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b c",
        "T:a\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b c")]
    [InlineData(true, "a\n<tool_call>{\"name\": \"f\"", "R:a\n<tool_call>{\"name\": \"f\"")]
    [InlineData(false, "<tool_call>", "T:<tool_call>")]
    [InlineData(false, "a\n<tool_call>\n", "T:a\n<tool_call>\n")]
    [InlineData(false, "if a <function=b> c", "T:if a <function=b> c")]
    public void WhatIsNoCall_StaysWhatItIsWithAllItsSpace(bool opensReasoning, string text, string expected) =>
        InEveryCut(expected, text, opensReasoning);

    [Fact]
    public void WithoutTools_TheTagIsText()
    {
        Assert.Equal("T:" + F, Answer.Show(Answer.Parse(F, false, null, 3)));
        Assert.Equal("R:" + F, Answer.Show(Answer.Parse(F, true, null, 3)));
    }

    [Fact]
    public void TextThatBeginsNoTag_IsGivenAtOnce()
    {
        var parser = new OutputParser(startsInReasoning: false, Answer.Reader(readsXml: true));

        Assert.Equal("abc", Assert.Single(parser.Push("abc")).Text);
        Assert.Empty(parser.Push("<tool"));
        Assert.Equal("<tools", Assert.Single(parser.Push("s")).Text);
        Assert.Empty(parser.Push(" <tool_call>"));
        Assert.Equal(" <tool_call> blocks", string.Concat(parser.Push(" blocks").Select(piece => piece.Text)));
    }

    [Theory]
    [InlineData(F)]
    [InlineData(XmlF)]
    public void Call_IsGivenWithItsClosingTag(string call)
    {
        var parser = new OutputParser(startsInReasoning: false, Answer.Reader(readsXml: true));

        Assert.All(call[..^1], letter => Assert.Empty(parser.Push(letter.ToString())));
        Assert.Equal(call, Assert.Single(parser.Push(">")).Text);
    }

    /// <summary>Whether it goes in the end or stays is only known behind it, and each piece of it is looked at once.</summary>
    [Theory]
    [InlineData(false, "a", "b", "T:a{0}b")]
    [InlineData(true, "a", "b", "R:a{0}b")]
    [InlineData(true, "a", "</think>{0}b", "R:a|T:b")]
    [InlineData(false, "", "b", "T:{0}b")]
    [InlineData(true, "", "b", "R:b")]
    [InlineData(false, "a", "<tool_call>{\"name\": \"g\"}</tool_call>", "T:a|C:g{}")]
    public void LongWhiteSpace_IsNoMoreWorkThanItsLength(bool opensReasoning, string before, string behind, string expected)
    {
        const int length = 100_000;
        var space = new string(' ', length);
        var text = before + space + behind.Replace("{0}", space, StringComparison.Ordinal);
        var taken = GC.GetAllocatedBytesForCurrentThread();

        var answer = Answer.Show(Answer.Parse(text, opensReasoning, Answer.Reader(readsXml: true, Tools), 1));

        Assert.Equal(expected.Replace("{0}", space, StringComparison.Ordinal), answer);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - taken, 0, 2000L * length);
    }

    private static void InEveryCut(string expected, string text, bool opensReasoning)
    {
        var reader = Answer.Reader(readsXml: true, Tools);
        Assert.Equal(expected, Answer.Show(Answer.Parse(text, opensReasoning, reader)));
        Gen.Int[1, 7].Array[16].Sample(
            lengths => Assert.Equal(expected, Answer.Show(Answer.Parse(text, opensReasoning, reader, lengths))), iter: 50,
            seed: "0000KF8xxxI4");
    }
}
