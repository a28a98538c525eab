using AkkaCp.Engine.Chat;
using AkkaCp.Engine.Prompting;
using CsCheck;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

/// <summary>Calls that are told as they are written.</summary>
public class WrittenCallTests
{
    private const string Tools = """
        [{"name": "f", "parameters": {"properties": {
            "a": {"type": "string"}, "b": {}, "n": {"type": "integer"}, "o": {"type": ["object", "null"]}}}}, {"name": "now"}]
        """;

    private const string Hermes =
        "I look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x \\\" \\u00e9 \\ud83d\\ude00 \ud83d\ude00 }\", "
        + "\"n\": [-1.5e3, true, null, {}], }}\n</tool_call>\nok";

    private const string Xml =
        "I look.\n<tool_call>\n<function=f>\n<parameter=a>\nx < \"y\" \ud83d\ude00\n</parameter>\n<parameter=n>\n3\n</parameter>\n"
        + "<parameter=o>\n{\"k\": [1, null]}\n</parameter>\n</function>\n<function=now>\n</function>\n</tool_call>\nok";

    [Theory]
    [InlineData(Hermes, "T:I look.|C:f{\"a\":\"x \\\" \\u00e9 \\ud83d\\ude00 \ud83d\ude00 }\",\"n\":[-1.5e3,true,null,{}]}|T:ok")]
    [InlineData(Xml, "T:I look.|C:f{\"a\":\"x < \\\"y\\\" \\uD83D\\uDE00\",\"n\":3,\"o\":{\"k\":[1,null]}}|C:now{}|T:ok")]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>", "C:f{}")]
    // A member twice is told twice: who reads JSON takes the last.
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1, \"a\": 2}}</tool_call>", "C:f{\"a\":1,\"a\":2}")]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {\"\\ud83d\": \"\\ude00 \\ud83d\\n\"}}</tool_call>",
        "C:f{\"\uFFFD\":\"\uFFFD \uFFFD\\n\"}")]
    // Unusual forms come at once.
    [InlineData("<tool_call>{\"arguments\": {\"a\": 1}, \"name\": \"f\"}</tool_call>", "C:f{\"a\":1}")]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>", "C:f{\"a\":1}")]
    [InlineData("<tool_call>{\"name\": \"f\"}</tool_call>", "C:f{}")]
    [InlineData("<function=f><parameter=a>x</parameter></function></tool_call>", "C:f{\"a\":\"x\"}")]
    [InlineData("<think>\nhm\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>", "R:hm|C:f{\"a\":1}")]
    // What is none before its arguments begin is text.
    [InlineData("<tool_call>{\"name\": 1, \"arguments\": {\"a\": 1}}</tool_call>",
        "T:<tool_call>{\"name\": 1, \"arguments\": {\"a\": 1}}</tool_call>")]
    [InlineData("<tool_call><function=f>x</function></tool_call>", "T:<tool_call><function=f>x</function></tool_call>")]
    // One that has begun and goes wrong has the arguments until there, which are never whole; what follows is text.
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1, \"b\": NaN}}</tool_call>",
        "C:f{\"a\":1,\"b\":|T: NaN}}</tool_call>")]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}} {\"b\": 2}</tool_call>",
        "C:f{\"a\":1|T:}} {\"b\": 2}</tool_call>")]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x\\y\"}}</tool_call> z", "C:f{\"a\":\"x|T:\\y\"}}</tool_call> z")]
    [InlineData("<tool_call><function=f><parameter=n>1</parameter><parameter=>2</parameter></function></tool_call>",
        "C:f{\"n\":1|T:<parameter=>2</parameter></function></tool_call>")]
    [InlineData("<tool_call><function=f><parameter=n>1</parameter></function><function=f><parameter=n>2</parameter><parameter=>",
        "C:f{\"n\":1}|C:f{\"n\":2|T:<parameter=>")]
    public void Calls_AreTheSameInEveryCut(string text, string expected) => InEveryCut(expected, text);

    /// <summary>Wherever an answer ends in a call, the call has a beginning of its arguments and never all.</summary>
    [Theory]
    [InlineData(Hermes)]
    [InlineData(Xml)]
    public void CutAnywhere_ACallThatHasBegunIsCut(string text)
    {
        var whole = Tell(text);
        var ends = 0;
        for (var length = 1; length < text.Length; length++)
        {
            var cut = Tell(text[..length]);
            InEveryCut(cut, text[..length]);
            if (!cut.EndsWith('…'))
                continue;
            ends++;
            Assert.StartsWith(cut[..^1], whole, StringComparison.Ordinal);
            var arguments = cut[(cut.LastIndexOf("|C:", StringComparison.Ordinal) + 4)..^1];
            Assert.False(arguments.Length > 0 && WellFormedJson.TryParse(arguments, out _), cut);
        }

        Assert.InRange(ends, 50, text.Length);
    }

    [Theory]
    [InlineData(Hermes)]
    [InlineData(Xml)]
    public void Arguments_ComeAsTheyAreWritten(string text)
    {
        var parser = new OutputParser(startsInReasoning: false, Answer.Reader(readsXml: true, Tools), tellsCallsEarly: true);
        var told = new List<OutputPiece>();
        var behind = 0; // Letters that were read since something was told of the call.
        foreach (var letter in text)
        {
            var pieces = parser.Push(letter.ToString());
            behind = pieces.Count > 0 ? 0 : behind + 1;
            told.AddRange(pieces);
            if (told.Exists(piece => piece.Begins is not null) && !told.Exists(piece => piece.Text == "ok"))
                Assert.InRange(behind, 0, 40);
        }

        var call = told.SkipWhile(piece => piece.Begins is null).ToList();
        Assert.Equal(("f", ""), (call[0].Begins, call[0].Text));
        Assert.InRange(call.Count, 15, text.Length);
    }

    [Fact]
    public void LongText_IsToldInTimeOfItsLength()
    {
        var value = string.Concat(Enumerable.Repeat("<b>line</b>\n", 3000));
        foreach (var text in (string[])[
            $"<tool_call>{{\"name\": \"f\", \"arguments\": {{\"a\": {ToolCallJson.Text(value)}}}}}</tool_call>",
            $"<tool_call><function=f><parameter=a>\n{value}\n</parameter></function></tool_call>"])
        {
            var taken = GC.GetAllocatedBytesForCurrentThread();
            var told = Answer.Tell(text, false, Answer.Reader(readsXml: true, Tools), 3);

            Assert.Equal($"C:f{{\"a\":{ToolCallJson.Text(value)}}}", told);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - taken, 0, 3000L * text.Length);
        }
    }

    private static void InEveryCut(string expected, string text)
    {
        Assert.Equal(expected, Tell(text));
        for (var length = 1; length < 9; length++)
            Assert.Equal(expected, Tell(text, length));
        Gen.Int[1, 9].Array[16].Sample(lengths => Assert.Equal(expected, Tell(text, lengths)), iter: 10, seed: "0000KF8xxxI4");
    }

    private static string Tell(string text, params int[] lengths) =>
        Answer.Tell(text, false, Answer.Reader(readsXml: true, Tools), lengths);
}
