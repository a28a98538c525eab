using System.Text.Json.Nodes;
using AkkaCp.Engine.Chat;
using AkkaCp.Testing;
using Microsoft.Extensions.AI;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

/// <summary>
/// Answers of models, each folder of Cases one: <c>output.txt</c>, how the prompt ended and whether it offered tools in
/// <c>request.json</c>, and what is right in <c>expected.json</c>: of calls, text and reasoning those that it names.
/// </summary>
public class CallCaseTests
{
    private static readonly string s_folder = Path.Combine(RepositoryFiles.Root, "tests", "Engine.Tests", "Chat");

    private static readonly string s_template = File.ReadAllText(Path.Combine(s_folder, "coder.jinja"));

    private static readonly AITool[] s_tools =
    [
        AIFunctionFactory.Create((string city, int days) => city + days, "get_weather"),
        AIFunctionFactory.Create(() => 0, "now"),
        AIFunctionFactory.Create((int a) => a, "f"),
    ];

    public static TheoryData<string> Names { get; } =
        [.. Directory.GetDirectories(Path.Combine(s_folder, "Cases")).Select(path => Path.GetFileName(path)!).Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Answer_IsDividedAsExpected_InEveryCut(string name)
    {
        var (output, opensReasoning, offersTools, expected) = Load(name);
        var reader = offersTools ? new CallReader(new OfferedTools(s_tools.Select(ToJson)), readsXml: true) : null;

        foreach (var length in Enumerable.Range(1, output.Length))
        {
            var pieces = Answer.Parse(output, opensReasoning, reader, length);
            AssertIs(
                expected,
                pieces.Where(piece => piece.Call is not null).Select(piece => (piece.Call!.Name, (JsonNode)piece.Call.Arguments)),
                string.Concat(pieces.Where(piece => piece.Kind == OutputKind.Text).Select(piece => piece.Text)),
                string.Concat(pieces.Where(piece => piece.Kind == OutputKind.Reasoning).Select(piece => piece.Text)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Answer_ComesThroughTheChatClientAsExpected(string name)
    {
        var (output, opensReasoning, offersTools, expected) = Load(name);
        var (engine, _) = TestModel.Saying(output, TestModel.With(s_template + (opensReasoning ? "{{- '<think>\\n' }}" : "")));
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync(
            "hi", new ChatOptions { Tools = offersTools ? s_tools : null }, TestContext.Current.CancellationToken);

        var contents = response.Messages.Single().Contents;
        var calls = contents.OfType<FunctionCallContent>().ToList();
        AssertIs(
            expected, calls.Select(call => (call.Name, JsonNode.Parse(ToolCallJson.ToPrompt(call).Arguments.GetRawText())!)),
            response.Text, string.Concat(contents.OfType<TextReasoningContent>().Select(thought => thought.Text)));
        Assert.Equal(calls.Count, calls.DistinctBy(call => call.CallId).Count());
        Assert.Equal(calls.Count > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop, response.FinishReason);
    }

    private static (string Output, bool OpensReasoning, bool OffersTools, JsonNode Expected) Load(string name)
    {
        var request = JsonNode.Parse(Read("request.json"))!;
        return (Read("output.txt"), (bool)request["prompt_ends_inside_think"]!, (bool)request["tools_offered"]!,
            JsonNode.Parse(Read("expected.json"))!);

        string Read(string file) => File.ReadAllText(Path.Combine(s_folder, "Cases", name, file));
    }

    private static void AssertIs(JsonNode expected, IEnumerable<(string Name, JsonNode Arguments)> calls, string text, string reasoning)
    {
        var found = new JsonArray(
            [.. calls.Select(call => new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.DeepClone() })]);
        if (expected["calls"] is { } wanted)
            Assert.True(JsonNode.DeepEquals(wanted, found), $"expected {wanted}, found {found}");
        if (expected["text"] is { } wantedText)
            Assert.Equal((string?)wantedText, text);
        if (expected["reasoning"] is { } wantedReasoning)
            Assert.Equal((string?)wantedReasoning, reasoning);
        Assert.True(text.Length + reasoning.Length + found.Count > 0, "the answer is gone");
    }

    private static System.Text.Json.JsonElement ToJson(AITool tool) => ToolCallJson.ToPrompt((AIFunctionDeclaration)tool);
}
