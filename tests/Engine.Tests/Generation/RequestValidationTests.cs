using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Engine.Tests.Generation;

public class RequestValidationTests
{
    public static TheoryData<string, GenerationRequest> BadRequests => new()
    {
        { "temperature", Sampling(new() { Temperature = -1 }) },
        { "temperature", Sampling(new() { Temperature = float.NaN }) },
        { "temperature", Sampling(new() { Temperature = float.PositiveInfinity }) },
        { "temperature", Sampling(new() { Temperature = 1e38f }) },
        { "top_p", Sampling(new() { TopP = 0 }) },
        { "top_p", Sampling(new() { TopP = 1.5f }) },
        { "top_p", Sampling(new() { TopP = float.NaN }) },
        { "top_k", Sampling(new() { TopK = -1 }) },
        { "min_p", Sampling(new() { MinP = -0.1f }) },
        { "repetition_penalty", Sampling(new() { RepetitionPenalty = 0 }) },
        { "presence_penalty", Sampling(new() { PresencePenalty = 3 }) },
        { "frequency_penalty", Sampling(new() { FrequencyPenalty = float.NaN }) },
        { "top_logprobs", Sampling(new() { Logprobs = true, TopLogprobs = 21 }) },
        { "top_logprobs", Sampling(new() { TopLogprobs = 1 }) },
        { "logit_bias", Sampling(new() { LogitBias = new Dictionary<int, float> { [512] = 1 } }) },
        { "logit_bias", Sampling(new() { LogitBias = new Dictionary<int, float> { [-1] = 1 } }) },
        { "max_tokens", TestModel.Ask("x") with { MaxTokens = 0 } },
        { "max_tokens", TestModel.Ask("x") with { MaxTokens = -5 } },
        { "max_tokens", TestModel.Ask("x") with { MaxTokens = int.MaxValue } },
        { "stop", TestModel.Ask("x") with { Stop = [.. Enumerable.Range(0, 100_000).Select(i => $"{i}")] } },
        { "stop[1]", TestModel.Ask("x") with { Stop = ["a", ""] } },
        { "stop[0]", TestModel.Ask("x") with { Stop = [new string('a', 1025)] } },
        { "cache_salt", TestModel.Ask("x") with { CacheSalt = new string('a', 257) } },
        { "cache_salt", TestModel.Ask("x") with { CacheSalt = "a\ud800" } },
        { "messages", new GenerationRequest() },
        { "messages", new GenerationRequest { Messages = [] } },
        { "messages", TestModel.Ask("x") with { Prompt = "y" } },
        { "messages[0].role", new GenerationRequest { Messages = [new("wizard", "x")] } },
        { "messages[0].content", new GenerationRequest { Messages = [new("user", null!)] } },
        { "prompt", new GenerationRequest { Prompt = "" } },
        { "tokens", new GenerationRequest { Tokens = [] } },
        { "tokens[1]", new GenerationRequest { Tokens = [1, -1] } },
        { "tokens[0]", new GenerationRequest { Tokens = [512] } },
    };

    [Theory]
    [MemberData(nameof(BadRequests), DisableDiscoveryEnumeration = true)]
    public async Task BadField_IsNamedBeforeAnyWork(string field, GenerationRequest request)
    {
        var backend = new FakeBackend(1);
        var engine = TestModel.Engine(backend);

        var error = await Assert.ThrowsAsync<GenerationException>(() => TestModel.ToListAsync(engine.GenerateAsync(request)));

        Assert.Equal(FailureKind.Invalid, error.Kind);
        Assert.Contains(error.Problems, problem => problem.StartsWith(field, StringComparison.Ordinal));
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public void AllBadFields_AreReportedAtOnce()
    {
        var request = TestModel.Ask("x") with
        {
            MaxTokens = 0,
            Stop = [""],
            Sampling = new() { Temperature = -1, TopP = 2, TopK = -1, MinP = 7 },
        };

        var error = Assert.Throws<GenerationException>(() => TestModel.Engine(new FakeBackend()).Encode(request));

        Assert.Equal(6, error.Problems.Count);
    }

    [Fact]
    public async Task PromptLongerThanTheContext_IsRefusedBeforeAnyWork()
    {
        var backend = new FakeBackend(1);
        var engine = TestModel.Engine(backend);
        var request = new GenerationRequest { Tokens = [.. Enumerable.Repeat(5, engine.ContextLength + 1)] };

        var error = await Assert.ThrowsAsync<GenerationException>(() => TestModel.ToListAsync(engine.GenerateAsync(request)));

        Assert.Equal(FailureKind.ContextLengthExceeded, error.Kind);
        Assert.Contains("4096", error.Message, StringComparison.Ordinal);
        Assert.Contains("4097", error.Message, StringComparison.Ordinal);
        Assert.Empty(backend.Requests);
    }

    private static GenerationRequest Sampling(SamplingOverrides sampling) => TestModel.Ask("x") with { Sampling = sampling };
}
