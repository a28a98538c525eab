using AkkaCp.Engine.Chat;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class OutputParserTests
{
    [Theory]
    [InlineData(false, "plain answer", "T:plain answer")]
    [InlineData(false, "<think>\nhmm\n</think>\n\nanswer", "R:hmm|T:answer")]
    [InlineData(false, "\n<think>hmm</think>answer", "R:hmm|T:answer")]
    [InlineData(true, "hmm\n</think>\n\nanswer", "R:hmm|T:answer")]
    [InlineData(true, "never closed", "R:never closed")]
    [InlineData(false, "I say <think> aloud", "T:I say <think> aloud")]
    [InlineData(false, "<thin", "T:<thin")]
    [InlineData(false, "a < b and <tool_cal", "T:a < b and <tool_cal")]
    [InlineData(false, "well\n<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "T:well|C:{\"name\": \"f\"}")]
    [InlineData(false, "<tool_call>{1}</tool_call>\n<tool_call>{2}</tool_call>", "C:{1}|C:{2}")]
    [InlineData(false, "<tool_call>{cut", "T:<tool_call>{cut")]
    [InlineData(true, "hmm</think><tool_call>{1}</tool_call>", "R:hmm|C:{1}")]
    public void WhateverThePieces_PartsAndTagsAreTold(bool opensReasoning, string text, string expected)
    {
        Gen.Int[1, 7].Array[16].Sample(
            sizes => Assert.Equal(expected, Parse(text, opensReasoning, parsesToolCalls: true, sizes)), iter: 50,
                seed: "0000KF8xxxI4");
    }

    [Fact]
    public void WithoutTools_TheTagIsText()
    {
        Assert.Equal("T:<tool_call>{1}</tool_call>", Parse("<tool_call>{1}</tool_call>", false, parsesToolCalls: false, [3]));
    }

    [Fact]
    public void TextThatBeginsNoTag_IsGivenAtOnce()
    {
        var parser = new OutputParser(startsInReasoning: false, parsesToolCalls: true);

        Assert.Equal("abc", Assert.Single(parser.Push("abc")).Text);
        Assert.Empty(parser.Push("<tool"));
        Assert.Equal("<tools", Assert.Single(parser.Push("s")).Text);
    }

    private static string Parse(string text, bool opensReasoning, bool parsesToolCalls, int[] sizes)
    {
        var parser = new OutputParser(opensReasoning, parsesToolCalls);
        var parts = new List<(OutputKind Kind, string Text)>();
        for (var (at, piece) = (0, 0); at < text.Length; piece++)
        {
            var size = Math.Min(sizes[piece % sizes.Length], text.Length - at);
            Append(parser.Push(text.Substring(at, size)));
            at += size;
        }

        Append(parser.Flush());
        return string.Join('|', parts.Select(part => $"{"TRC"[(int)part.Kind]}:{part.Text}"));

        void Append(IReadOnlyList<OutputPiece> pieces)
        {
            foreach (var piece in pieces)
            {
                if (piece.Kind != OutputKind.ToolCall && parts is [.., var last] && last.Kind == piece.Kind)
                    parts[^1] = (piece.Kind, last.Text + piece.Text);
                else
                    parts.Add((piece.Kind, piece.Text));
            }
        }
    }
}
