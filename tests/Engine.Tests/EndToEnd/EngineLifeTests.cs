using AkkaCp.Model.Weights;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

public class EngineLifeTests
{
    private static readonly GenerationRequest s_long =
        TestModel.Ask("Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?") with
        {
            IgnoreEos = true,
            MaxTokens = 3000
        };

    [Fact]
    public async Task Prompt_IsSplitOverTheRanks_AndSaysSo()
    {
        await using var engine = await LocalEngine.DemoAsync();
        var question = DemoQuestion.All[0];

        var chunks = await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask(question.Question)));

        Assert.Equal(question.ReferenceText, TestModel.Text(chunks));
        var summary = chunks[^1].Summary!;
        Assert.Equal(2, summary.Placement.CpSize);
        Assert.Equal(summary.PromptTokens, summary.Placement.RowsPerRank.Sum());
        Assert.All(summary.Placement.RowsPerRank, rows => Assert.InRange(rows, 1, summary.PromptTokens - 1));
        Assert.Equal(1, summary.Placement.StepsByKind[(int)PlacementKind.Split]);
        Assert.True(summary.Placement.KvBytesGathered > 0);
        Assert.Equal(summary.PromptTokens, chunks.Last(chunk => chunk.Prefill is not null).Prefill!.Value.Processed);
    }

    [Fact]
    public async Task CancelledRequest_GivesItsKvBack_AndTheNextOneWorks()
    {
        await using var engine = await LocalEngine.DemoAsync();
        var free = engine.Health.FreeKvTokens;
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var chunk in engine.GenerateAsync(s_long, cancelling.Token))
            {
                if (chunk.Token is not null)
                    await cancelling.CancelAsync();
            }
        });
        var after = await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask(DemoQuestion.All[1].Question)));

        Assert.Equal(DemoQuestion.All[1].ReferenceText, TestModel.Text(after));
        Assert.Equal(free, engine.Health.FreeKvTokens);
        await engine.DisposeAsync();
        Assert.Equal(0, engine.LiveTensors);
    }

    [Fact]
    public async Task LeavingTheEnumeration_EndsTheRequest()
    {
        await using var engine = await LocalEngine.DemoAsync();
        var free = engine.Health.FreeKvTokens;

        await foreach (var chunk in engine.GenerateAsync(s_long, TestContext.Current.CancellationToken))
        {
            if (chunk.Token is not null)
                break;
        }

        await TestModel.ToListAsync(engine.GenerateAsync(TestModel.Ask(DemoQuestion.All[1].Question)));
        Assert.Equal(free, engine.Health.FreeKvTokens);
    }

    [Fact]
    public async Task StopString_EndsARealRequest()
    {
        await using var engine = await LocalEngine.DemoAsync();
        var question = DemoQuestion.All[0];

        var chunks = await TestModel.ToListAsync(
            engine.GenerateAsync(TestModel.Ask(question.Question) with { Stop = ["\n####"] }));

        Assert.Equal(question.ReferenceText[..question.ReferenceText.IndexOf("\n####", StringComparison.Ordinal)],
            TestModel.Text(chunks));
        Assert.Equal(FinishReason.StopString, chunks[^1].FinishReason);
        Assert.NotEqual(0, chunks[^1].Summary!.Placement.CpSize);
    }

    [Fact]
    public async Task FullQueue_RefusesAsBusy_AndServesTheOthers()
    {
        await using var engine = await LocalEngine.DemoAsync(
            "1/1/1/1", "float32", ("scheduler.max-running", "1"), ("scheduler.queue-limit", "1"));

        var requests = Enumerable.Range(0, 6)
            .Select(_ => TestModel.ToListAsync(engine.GenerateAsync(s_long with { MaxTokens = 200 }))).ToList();
        await Task.WhenAll(requests).ContinueWith(_ => { }, TaskScheduler.Default);

        var refused = requests.Where(request => request.IsFaulted).ToList();
        Assert.InRange(refused.Count, 4, 5);
        Assert.All(refused, request =>
            Assert.Equal(FailureKind.Busy, Assert.IsType<GenerationException>(request.Exception!.InnerException).Kind));
    }

    [Fact]
    public async Task PromptLargerThanTheWholeKvPool_IsRefused()
    {
        await using var engine = await LocalEngine.DemoAsync("1/1/1/1", "float32", ("kv-cache.tokens", "128"),
            ("kv-cache.block-size", "64"));

        var error = await Assert.ThrowsAsync<GenerationException>(
            () => TestModel.ToListAsync(engine.GenerateAsync(new GenerationRequest { Tokens = [.. Enumerable.Repeat(5, 500)] })));

        Assert.Equal(FailureKind.ContextLengthExceeded, error.Kind);
    }

    [Fact]
    public async Task SameSeed_GivesTheSameText_WhateverTheLayout()
    {
        var request = TestModel.Ask("Tell me") with
        {
            MaxTokens = 40,
            IgnoreEos = true,
            Sampling = new() { Temperature = 1.5f, TopP = 0.95f, Seed = 7, Logprobs = true, TopLogprobs = 3 },
        };
        await using var one = await LocalEngine.DemoAsync("1/1/1/1");
        await using var two = await LocalEngine.DemoAsync("2/2/2/1");

        var alone = await TestModel.ToListAsync(one.GenerateAsync(request));
        var split = await TestModel.ToListAsync(two.GenerateAsync(request));
        var other = await TestModel.ToListAsync(
            two.GenerateAsync(request with { Sampling = request.Sampling with { Seed = 8 } }));

        Assert.Equal(TestModel.Text(alone), TestModel.Text(split));
        Assert.NotEqual(TestModel.Text(alone), TestModel.Text(other));
        Assert.All(alone.Where(chunk => chunk.Token is not null), chunk => Assert.Equal(3, chunk.TopLogprobs.Count));
        Assert.Equal(alone.Select(chunk => chunk.Logprob), split.Select(chunk => chunk.Logprob));
    }

    [Fact]
    public async Task DisposingWithARequestInside_EndsIt()
    {
        var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = RepositoryFiles.DemoModel, DrainTimeout = TimeSpan.Zero },
                TestContext.Current.CancellationToken);
        await using var chunks = engine.GenerateAsync(s_long, TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await chunks.MoveNextAsync());

        await engine.DisposeAsync();

        var error = await Assert.ThrowsAsync<GenerationException>(async () =>
        {
            while (await chunks.MoveNextAsync())
            {
            }
        });
        Assert.Equal(FailureKind.ShuttingDown, error.Kind);
    }

    [Fact]
    public async Task CancelledLoading_FreesWhatWasLoaded()
    {
        using var cancelling = new CancellationTokenSource();
        var options = new EngineOptions { ModelPath = RepositoryFiles.DemoModel, LoadProgress = new CancelOnReport(cancelling) };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => InferenceEngine.StartAsync(options, cancelling.Token));
    }

    [Fact]
    public async Task KnownRequestWithMistakes_IsRefusedBeforeAnyWeightIsRead()
    {
        var loaded = new CountReports();
        var options = new EngineOptions { ModelPath = RepositoryFiles.DemoModel, LoadProgress = loaded };
        var request = new GenerationRequest { Prompt = "x", MaxTokens = 0, Sampling = new SamplingOverrides { Temperature = -1 } };

        var error = await Assert.ThrowsAsync<GenerationException>(
            () => InferenceEngine.StartAsync(options, [request], TestContext.Current.CancellationToken));

        Assert.Equal((FailureKind.Invalid, 2, 0), (error.Kind, error.Problems.Count, loaded.Count));
    }

    [Fact]
    public async Task RequestThatIsKnownAtTheStart_IsEncodedThenAndNotAgain()
    {
        List<int> tokens = [1, 2, 3];
        var request = new GenerationRequest { Tokens = tokens, MaxTokens = 1 };
        await using var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = RepositoryFiles.DemoModel }, [request], TestContext.Current.CancellationToken);
        tokens.Add(4);

        Assert.Equal(3, (await SummaryAsync(engine, request)).PromptTokens);
        Assert.Equal(4, (await SummaryAsync(engine, request)).PromptTokens);
    }

    private static async Task<GenerationSummary> SummaryAsync(InferenceEngine engine, GenerationRequest request)
    {
        GenerationSummary? summary = null;
        await foreach (var chunk in engine.GenerateAsync(request, TestContext.Current.CancellationToken))
            summary = chunk.Summary ?? summary;
        return summary!;
    }

    [Fact]
    public async Task Host_LoadsTheModel_AndItsChatClientAnswers()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddAkkaCp(new EngineOptions { ModelPath = RepositoryFiles.DemoModel });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);

        var response = await host.Services.GetRequiredService<IChatClient>().GetResponseAsync(
            DemoQuestion.All[2].Question, cancellationToken: TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal(DemoQuestion.All[2].ReferenceText, response.Text);
    }

    private sealed class CancelOnReport(CancellationTokenSource cancelling) : IProgress<Model.Weights.LoadProgress>
    {
        public void Report(Model.Weights.LoadProgress value) => cancelling.Cancel();
    }

    private sealed class CountReports : IProgress<LoadProgress>
    {
        public int Count { get; private set; }

        public void Report(LoadProgress value) => Count++;
    }
}
