using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests;

public class InferenceEngineTests
{
    [Fact]
    public async Task Answer_ComesAsProgressThenTokensThenASummary()
    {
        var (engine, backend) = TestModel.Saying("4 * 10 = 40\n#### 40");

        var chunks = await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("How many?")));

        Assert.Equal("4 * 10 = 40\n#### 40", TestModel.Text(chunks));
        Assert.NotNull(chunks[0].Prefill);
        Assert.Equal(backend.Requests.Single().PromptLength, chunks[1].Prefill!.Value.Processed);
        Assert.Equal(TestModel.End, chunks[^2].Token);
        Assert.Equal(FinishReason.Stop, chunks[^1].FinishReason);
        var summary = chunks[^1].Summary!;
        Assert.Equal(chunks.Count(chunk => chunk.Token is not null), summary.CompletionTokens);
        Assert.Equal(backend.Requests.Single().Tokens.Length, summary.PromptTokens);
        Assert.NotNull(summary.TimeToFirstToken);
        Assert.Equal(2, summary.Placement.CpSize);
    }

    [Fact]
    public void Questions_EncodeToTheRecordedNumberOfTokens()
    {
        var engine = TestModel.Engine(new FakeBackend());
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.DemoModel, "eval.jsonl")))
        {
            using var question = JsonDocument.Parse(line);
            var request = TestModel.Ask(question.RootElement.GetProperty("question").GetString()!);
            Assert.Equal(question.RootElement.GetProperty("prompt_tokens").GetInt32(), engine.Encode(request).Tokens.Length);
        }
    }

    [Fact]
    public async Task StopString_EndsTheRequestAndNoPartOfItIsSeen()
    {
        var backend = new FakeBackend([.. TestModel.Demo.Tokenizer.Encode("one two three four ")]) { Endless = true };
        var request = TestModel.Ask("x") with { Stop = ["o three", "never"] };

        var chunks = await TestModel.ToListAsync(TestModel.Engine(backend).GenerateAsync(request));

        Assert.Equal("one tw", TestModel.Text(chunks));
        Assert.Equal(FinishReason.StopString, chunks[^1].FinishReason);
        Assert.Equal(1, backend.Cancelled);
    }

    [Fact]
    public async Task FaultBehindTheStopString_DoesNotSpoilTheAnswer()
    {
        var backend = new FakeBackend([.. TestModel.Demo.Tokenizer.Encode("one two three four ")])
        {
            Endless = true,
            FailsWhenCancelled = true,
        };

        var chunks = await TestModel.ToListAsync(
            TestModel.Engine(backend).GenerateAsync(TestModel.Ask("x") with { Stop = ["o three"] }));

        Assert.Equal(("one tw", FinishReason.StopString), (TestModel.Text(chunks), chunks[^1].FinishReason));
        Assert.Equal(1, backend.Cancelled);
    }

    [Fact]
    public async Task TextHeldBackForAStopString_ComesWithTheLastChunk()
    {
        var (engine, _) = TestModel.Saying("almost sto");

        var chunks = await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("x") with { Stop = ["stop"] }));

        Assert.Equal("almost sto", TestModel.Text(chunks));
        Assert.EndsWith("sto", chunks[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_EndsTheEnumerationAndTheRequest()
    {
        var backend = new FakeBackend(5) { Endless = true };
        using var cancelling = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var chunk in TestModel.Engine(backend).GenerateAsync(TestModel.Ask("x"), cancelling.Token))
            {
                if (chunk.Token is not null)
                    cancelling.Cancel();
            }
        });

        Assert.Equal(1, backend.Cancelled);
    }

    [Theory]
    [InlineData(FailureKind.Busy)]
    [InlineData(FailureKind.Fault)]
    [InlineData(FailureKind.ShuttingDown)]
    [InlineData(FailureKind.ContextLengthExceeded)]
    [InlineData(FailureKind.Unavailable)]
    public async Task Failure_BecomesAnExceptionOfItsKind(FailureKind kind)
    {
        var backend = new FakeBackend(1) { Failure = new GenerationProtocol.Failed(Guid.Empty, kind, "what and where") };

        var error = await Assert.ThrowsAsync<GenerationException>(
            () => TestModel.ToListAsync(TestModel.Engine(backend).GenerateAsync(TestModel.Ask("x"))));

        Assert.Equal(kind, error.Kind);
        Assert.Equal("what and where", error.Message);
    }

    [Fact]
    public async Task DefaultsOfTheModel_HoldWhereTheRequestSaysNothing()
    {
        var (engine, backend) = TestModel.Saying("x");

        await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("x")));
        await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("x") with
        {
            MaxTokens = 3,
            IgnoreEos = true,
            Sampling = new() { Temperature = 0.5f, TopK = 7, Seed = 11, Logprobs = true },
        }));

        var (defaults, given) = (backend.Requests[0], backend.Requests[1]);
        Assert.Equal(0, defaults.Sampling.Temperature); // The demo's generation_config.json says do_sample false.
        Assert.Equal([511, 509], defaults.StopTokens.ToArray());
        Assert.Equal(engine.ContextLength - defaults.PromptLength, defaults.MaxNewTokens);
        Assert.Equal((0.5f, 7, 11ul, true),
            (given.Sampling.Temperature, given.Sampling.TopK, given.Sampling.Seed, given.Sampling.Logprobs));
        Assert.Equal(3, given.MaxNewTokens);
        Assert.Empty(given.StopTokens);
    }

    [Fact]
    public async Task Logprobs_AreGivenOnlyWhenAskedFor()
    {
        var (engine, _) = TestModel.Saying("x");

        var without = await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("x")));
        var with = await TestModel.ToListAsync(
            engine.GenerateAsync(TestModel.Ask("x") with { Sampling = new() { Logprobs = true } }));

        Assert.All(without, chunk => Assert.Null(chunk.Logprob));
        Assert.All(with.Where(chunk => chunk.Token is not null), chunk => Assert.Equal(-0.5f, chunk.Logprob));
    }

    [Fact]
    public async Task DisposedEngine_RefusesRequests()
    {
        var (engine, backend) = TestModel.Saying("x");
        await engine.DisposeAsync();
        await engine.DisposeAsync();

        var error = await Assert.ThrowsAsync<GenerationException>(() =>
            TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask("x"))));

        Assert.True(backend.Disposed);
        Assert.Equal(FailureKind.ShuttingDown, error.Kind);
    }
}
