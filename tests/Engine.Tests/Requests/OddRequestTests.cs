using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Engine.Tests.Requests;

/// <summary>Whatever a program leaves out or puts into a request: it works, or the exception names the field before any work.</summary>
public class OddRequestTests
{
    private const string Template =
        "{{ tools | tojson }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{{ m | tojson }}<|im_end|>\n{% endfor %}{{ effort }}";

    private static readonly JsonElement s_tool = JsonElement.Parse("""{"type": "function", "function": {"name": "f"}}""");

    private static readonly GenerationRequest s_full = new()
    {
        Messages =
        [
            new PromptMessage("user", "hi") { Name = "n", ToolCallId = "i", ReasoningContent = "r", AdditionalKeys = Keys("k") },
            new PromptMessage("assistant", "") { ToolCalls = [new PromptToolCall("i", "f", s_tool)] },
        ],
        Tools = [s_tool],
        EnableThinking = true,
        ChatTemplateKwargs = Keys("effort"),
        MaxTokens = 5,
        Stop = ["stop"],
        Sampling = new SamplingOverrides { LogitBias = new Dictionary<int, float> { [3] = 1 }, Logprobs = true, TopLogprobs = 1 },
    };

    [Fact]
    public async Task NullsAndDefaultsInAnyProperty_WorkOrAreNamed() => await AssertEachAsync(s_full, 200);

    [Fact]
    public async Task NullsAndDefaultsBesideTokens_WorkOrAreNamed() =>
        await AssertEachAsync(new GenerationRequest { Tokens = [1, 2], Sampling = new SamplingOverrides { Seed = 1 } }, 100);

    [Fact]
    public async Task NullsAndDefaultsBesideAPrompt_WorkOrAreNamed() => await AssertEachAsync(new GenerationRequest { Prompt = "x" }, 90);

    [Fact]
    public async Task WhatTheCallerDoesToItsLists_ChangesNothingOfARunningRequest()
    {
        var (engine, backend) = TestModel.Saying("one two three");
        var (messages, stop) = (new List<PromptMessage> { new("user", "hi") }, new List<string> { "three" });
        var bias = new Dictionary<int, float> { [3] = 1 };
        var request = new GenerationRequest { Messages = messages, Stop = stop, Sampling = new SamplingOverrides { LogitBias = bias } };
        var text = "";

        await foreach (var chunk in engine.GenerateAsync(request, TestContext.Current.CancellationToken))
        {
            text += chunk.Text;
            messages.Clear();
            stop[0] = "t";
            bias[-1] = float.NaN;
        }

        Assert.Equal("one two ", text);
        Assert.Equal([3], backend.Requests[0].Sampling.LogitBias!.Keys);
    }

    [Fact]
    public void RefusalOfALongText_ShowsItsBeginningOnOneLine()
    {
        var role = "a\nb" + new string('x', 1_000_000);

        var error = Assert.Throws<GenerationException>(
            () => TestModel.Engine(new FakeBackend()).Encode(new GenerationRequest { Messages = [new PromptMessage(role, "x")] }));

        Assert.InRange(error.Message.Length, 1, 300);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static async Task AssertEachAsync(GenerationRequest full, int atLeast)
    {
        var model = TestModel.With(Template);
        var (worked, refused, wrong) = (0, 0, new List<string>());
        foreach (var (path, odd) in Variants.Of("", typeof(GenerationRequest), full).Where(one => one.Path.Length > 0))
        {
            var backend = new FakeBackend(TestModel.End);
            try
            {
                await TestModel.ToListAsync(
                    TestModel.Engine(backend, model).GenerateAsync((GenerationRequest)odd!, TestContext.Current.CancellationToken));
                worked++;
            }
            catch (GenerationException error)
            {
                refused++;
                var isNamed = error.Kind == FailureKind.ContextLengthExceeded || error.Problems.Any(problem => Names(problem, path));
                if (!isNamed || backend.Requests.Count > 0 || error.Message.Length > 1000)
                    wrong.Add($"{path}: {backend.Requests.Count} handed in, {error.Message}");
            }
#pragma warning disable CA1031 // Any other exception is a mistake.
            catch (Exception error)
#pragma warning restore CA1031
            {
                wrong.Add($"{path}: {error}");
            }
        }

        Assert.Empty(wrong);
        Assert.True(worked > atLeast / 5 && refused > atLeast / 5 && worked + refused >= atLeast, $"{worked} worked, {refused} refused");
    }

    /// <summary>The whole path where it is inside a list; of one below an object the last part, as those numbers are named alone.</summary>
    private static bool Names(string problem, string path) =>
        problem.Contains(path, StringComparison.Ordinal) || problem.Contains(path[(path.LastIndexOf('.') + 1)..], StringComparison.Ordinal);

    private static Dictionary<string, JsonElement> Keys(string name) => new() { [name] = JsonElement.Parse("[1]") };
}
