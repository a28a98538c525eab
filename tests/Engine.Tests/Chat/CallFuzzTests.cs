using System.Text.Json;
using AkkaCp.Engine.Chat;
using AkkaCp.Engine.Prompting;
using AkkaCp.Testing;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

/// <summary>Answers of both forms, damaged at random: whatever a model writes, the parser takes it, alike in every cut.</summary>
[Trait(CaseShare.Trait, CaseShare.Shared)]
public class CallFuzzTests
{
    private const string Tools = """
        [{"name": "f", "parameters": {"properties": {
            "a": {"type": "string"}, "n": {"type": "integer"}, "o": {"type": ["object", "null"]}}}},
         {"name": "now"}]
        """;

    private static readonly string[] s_answers =
    [
        "I need it.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x\\ud83d\\ude00\", \"n\": -1.5e3, \"o\": {\"b\": [null, true]}}}\n</tool_call>",
        "<think>\nhm\n</think>\n\n<tool_call>\n{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1, \\\"a\\\": 2}\"}\n</tool_call>\n<tool_call>{\"name\": \"now\"}</tool_call>",
        "<think>the <tool_call> block\n<tool_call>\n<function=f>\n<parameter=a>\nx < y 😀\n\n</parameter>\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call></think>\nok",
        "Look:\n\n<function=f>\n<parameter=o>\n{\"k\": \"v\"}\n</parameter>\n</function>\n</tool_call>\n<tool_call><function=now></function></tool_call> so",
        "<tool_call>\n<function=f>\n<parameter=a>\n<tool_call>\n<function=x>\n<parameter=y>\nv\n</parameter>\n</function>\n</tool_call>\n</parameter>\n</function>\n</tool_call>",
    ];

    private static readonly Gen<string> s_fragment = Gen.OneOf(
        OneOf(
            "<think>", "</think>", "<tool_call>", "</tool_call>", "<function=f>", "<function=", "</function>", "<parameter=a>",
            "<parameter=n>",
            "<parameter=y>", "</parameter>", "{\"name\": \"f\", \"arguments\": ", "\"name\": 1, ", "\"a\": 1, ", "null", "NaN", "1e999"),
        OneOf(
            "{", "}", "[", "]", "\"", "\\", ",", ":", "<", ">", "/", "=", "\n", "\r\n", " ", "\u00A0", "\0", "\\ud83d", "\\ude00", "\\u12",
            "\ud83d", "\ude00", "\uFFFD"),
        Gen.Int[1, 90].Select(depth => new string('[', depth)));

    private static readonly Gen<Func<string, string>> s_damage = Gen.Select(
        Gen.Int[0, 4], Gen.Int[0, 999], Gen.Int[0, 999], s_fragment,
        (kind, from, to, fragment) => new Func<string, string>(text => Damage(text, kind, from, to, fragment)));

    private static readonly Gen<string> s_answer = Gen.Select(
        OneOf(s_answers), OneOf(s_answers), s_damage.Array[0, 6],
        (first, second, damages) => damages.Aggregate(damages.Length % 2 == 0 ? first : first + second, (text, damage) => damage(text)));

    [Fact]
    public void AnyAnswer_IsTheSameInEveryCut_AndLosesNothing()
    {
        var calls = 0;
        Gen.Select(s_answer, Gen.Int[1, 12].Array[1, 8], Gen.Bool, Gen.Bool).Sample(
            (text, lengths, opensReasoning, readsXml) =>
            {
                var reader = Answer.Reader(readsXml, Tools);
                var whole = Answer.Parse(text, opensReasoning, reader);

                Assert.Equal(Describe(whole), Describe(Answer.Parse(text, opensReasoning, reader, lengths)));
                Assert.Equal(Describe(whole), Describe(Answer.Parse(text, opensReasoning, reader, 1)));
                AssertNothingIsLost(text, string.Concat(whole.Select(piece => piece.Text)));
                var told = Answer.Tell(text, opensReasoning, reader);
                Assert.Equal(told, Answer.Tell(text, opensReasoning, reader, lengths));
                Assert.Equal(told, Answer.Tell(text, opensReasoning, reader, 1));
                AssertIsTheSame(whole, Answer.Read(text, opensReasoning, reader));
                foreach (var piece in whole.Where(piece => piece.Call is not null))
                {
                    Interlocked.Increment(ref calls);
                    _ = JsonSerializer.Serialize(ToolCallJson.ToPrompt(ToolCallJson.ToContent(piece.Call!, "id")).Arguments);
                }
            },
            iter: CaseShare.Count(30_000), seed: "0000KF8xxxI4", print: value => JsonSerializer.Serialize(value.Item1));
        Assert.InRange(calls, CaseShare.Count(10_000), int.MaxValue); // Not all are damaged beyond calling.
    }

    /// <summary>Calls that are told as they are written are those that come in one piece, unless one that has begun is none.</summary>
    private static void AssertIsTheSame(List<OutputPiece> whole, List<OutputPiece> written)
    {
        var calls = whole.Where(piece => piece.Call is not null).Select(piece => $"{piece.Call!.Name}{Answer.Show(piece.Call.Arguments)}");
        var told = written.Where(piece => piece.Kind is OutputKind.ToolCall)
            .Select(piece => WellFormedJson.TryParse(piece.Text, out var arguments) ? $"{piece.Begins}{Answer.Show(arguments)}" : null)
            .ToList();
        if (!told.Contains(null))
            Assert.Equal(calls, told);
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static string Damage(string text, int kind, int from, int to, string fragment)
    {
        var (start, end) = (from * (text.Length + 1) / 1000, to * (text.Length + 1) / 1000);
        (start, end) = (Math.Min(start, end), Math.Max(start, end));
        return kind switch
        {
            0 => text.Remove(start, Math.Min(end - start, 12)),
            1 => text.Insert(start, fragment),
            2 => text.Remove(start, Math.Min(end - start, 3)).Insert(start, fragment),
            3 => text.Insert(start, text[start..Math.Min(end, start + 60)]),
            _ => text[..Math.Max(start, text.Length / 2)],
        };
    }

    private static string Describe(IEnumerable<OutputPiece> pieces) =>
        string.Join('\u241E', pieces.Select(piece => $"{piece.Kind}:{piece.Text}:{piece.Call?.Name}{Answer.Show(piece.Call?.Arguments)}"));

    /// <summary>Only white space and the tags of reasoning may go.</summary>
    private static void AssertNothingIsLost(string answer, string told)
    {
        var at = 0;
        for (var i = 0; i < answer.Length;)
        {
            var tag = new[] { "<think>", "</think>" }.FirstOrDefault(tag => answer.AsSpan(i).StartsWith(tag, StringComparison.Ordinal));
            if (tag is not null && !told.AsSpan(at).StartsWith(tag, StringComparison.Ordinal))
            {
                i += tag.Length;
            }
            else if (at < told.Length && told[at] == answer[i])
            {
                at++;
                i++;
            }
            else
            {
                Assert.True(char.IsWhiteSpace(answer[i]), $"lost '{answer[i]}' at {i} of {JsonSerializer.Serialize(answer)}");
                i++;
            }
        }

        Assert.Equal(told.Length, at);
    }
}
