using AkkaCp.Engine.Chat;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class HermesCallsTests
{
    [Theory]
    [InlineData("""{"name": "f", "arguments": {"a": 1}}""", "C:f{\"a\":1}")]
    [InlineData("""{"arguments": {"a": [1, null, "x"]}, "name": "f", "id": 3}""", "C:f{\"a\":[1,null,\"x\"]}")]
    [InlineData("""{"name": "f", "arguments": "{\"a\": 1}"}""", "C:f{\"a\":1}")]
    [InlineData("""{"name": "f", "arguments": " {\"a\": {\"b\": \"}\"}} "}""", "C:f{\"a\":{\"b\":\"}\"}}")]
    [InlineData("""{"name": "f", "arguments": ""}""", "C:f{}")]
    [InlineData("""{"name": "f", "arguments": " \n"}""", "C:f{}")]
    [InlineData("""{"name": "f", "arguments": null}""", "C:f{}")]
    [InlineData("""{"name": "f", "arguments": "null"}""", "C:f{}")]
    [InlineData("""{"name": "f"}""", "C:f{}")]
    [InlineData("""{"name": "f", "parameters": {"a": 1}}""", "C:f{\"a\":1}")]
    [InlineData("""{"name": "f", "arguments": {"a": 1, "b": 3, "a": 2}}""", "C:f{\"a\":2,\"b\":3}")]
    [InlineData("""{"name": "f", "arguments": {"o": {"a": 1, "a": 2}}}""", "C:f{\"o\":{\"a\":2}}")]
    [InlineData("""{"name": "e", "name": "f", "arguments": "{\"a\": 1, \"a\": 2}"}""", "C:f{\"a\":2}")]
    [InlineData("""{"name": "f\ud83d", "arguments": {}}""", "C:f\uFFFD{}")]
    [InlineData("""{"name": "f", "arguments": {"\ude00a": "\ud83d\ude00 \uDE00\uD83D \\ud83d"}}""",
        "C:f{\"\uFFFDa\":\"\\uD83D\\uDE00 \uFFFD\uFFFD \\\\ud83d\"}")]
    [InlineData("""{"name": "f", "arguments": "{\"a\": \"\\ud83d\"}"}""", "C:f{\"a\":\"\uFFFD\"}")]
    [InlineData("""{"name": "f", "arguments": {"a": 1,}, }""", "C:f{\"a\":1}")]
    [InlineData("""{"name": "f", "arguments": {"a": 1e999, "b": 123456789012345678901234567890, "c": -0.0}}""",
        "C:f{\"a\":1e999,\"b\":123456789012345678901234567890,\"c\":-0.0}")]
    [InlineData("""{"name": "f", "arguments": {"a": "</tool_call> and <tool_call>{"}}""", "C:f{\"a\":\"</tool_call> and <tool_call>{\"}")]
    public void Arguments_AreReadInEveryFormThatModelsWrite(string body, string expected)
    {
        Assert.Equal(expected, Show($"<tool_call>\n{body}\n</tool_call>"));
        Assert.Equal(expected, Show($"<tool_call>{body}"));
        Assert.Equal(expected + "|C:g{}", Show($"<tool_call>\n{body}\n<tool_call>{{\"name\": \"g\"}}</tool_call>"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("[{\"name\": \"f\"}]")]
    [InlineData("{\"name\": \"\"}")]
    [InlineData("{\"name\": null}")]
    [InlineData("{\"name\": 1, \"arguments\": {}}")]
    [InlineData("{\"name\": {\"f\": 1}, \"arguments\": {}}")]
    [InlineData("{\"name\": [\"f\"]}")]
    [InlineData("{\"arguments\": {\"a\": 1}}")]
    [InlineData("{\"name\": \"f\", \"arguments\": [1]}")]
    [InlineData("{\"name\": \"f\", \"arguments\": 3}")]
    [InlineData("{\"name\": \"f\", \"arguments\": true}")]
    [InlineData("{\"name\": \"f\", \"arguments\": \"plain\"}")]
    [InlineData("{\"name\": \"f\", \"arguments\": \"[1]\"}")]
    [InlineData("{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": \"}")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"a\": NaN}}")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"a\": 'b'}}")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"a\": \"\\x\"}}")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"a\": 1}")]
    [InlineData("{\"name\": \"f\"}}")]
    [InlineData("{\"name\": \"f\"} {\"name\": \"g\"}")]
    [InlineData("{'name': 'f'}")]
    public void WhatIsNoCall_IsTextAsTheModelWroteIt(string body)
    {
        var text = $"so\n<tool_call>\n{body}\n</tool_call>";

        Assert.Equal("T:" + text, Show(text));
    }

    [Fact]
    public void NestingBeyondWhatAMessageCanHold_IsText()
    {
        Assert.StartsWith("C:f", Show(Nested(60)), StringComparison.Ordinal);
        Assert.Equal("T:" + Nested(64), Show(Nested(64)));
        Assert.Equal("T:" + Nested(100_000), Show(Nested(100_000)));
        // What is a call can go back into the conversation.
        foreach (var depth in Enumerable.Range(55, 15))
        {
            var pieces = Answer.Parse(Nested(depth), false, Answer.Reader(readsXml: false));
            Assert.All(
                pieces.Select(piece => piece.Call).OfType<ToolCall>(), call => ToolCallJson.ToPrompt(ToolCallJson.ToContent(call, "id")));
        }

        static string Nested(int depth) =>
            $"<tool_call>{{\"name\": \"f\", \"arguments\": {{\"a\": {new string('[', depth)}{new string(']', depth)}}}}}</tool_call>";
    }

    [Fact]
    public void FunctionTag_IsTextWhereTheTemplateKnowsNone()
    {
        const string Xml = "a\n<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>";

        Assert.Equal("T:" + Xml, Answer.Show(Answer.Parse(Xml, false, Answer.Reader(readsXml: false))));
    }

    private static string Show(string text) => Answer.Show(Answer.Parse(text, false, Answer.Reader(readsXml: false)));
}
