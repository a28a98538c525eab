using System.Runtime.CompilerServices;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine.Generation;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine.Tests;

/// <summary>Answers every request with the same tokens; what it was asked stays for the test to see.</summary>
internal sealed class FakeBackend(params int[] tokens) : IGenerationBackend
{
    public List<GenerationProtocol.Submit> Requests { get; } = [];

    public int Cancelled { get; private set; }

    public bool Disposed { get; private set; }

    public GenerationProtocol.Failed? Failure { get; init; }

    /// <summary>Whether a rank fails before the request hears that it was cancelled.</summary>
    public bool FailsWhenCancelled { get; init; }

    /// <summary>Whether it goes on after the tokens until it is cancelled.</summary>
    public bool Endless { get; init; }

    /// <summary>Called between the prompt's two progress replies.</summary>
    public Action? WhilePrefilling { get; init; }

    public int LiveTensors => 0;

    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Health);

    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.FromResult<ClusterStatus?>(null);

    public EngineHealth Health => new(true, 2, 1, 0, 0, 0, 0, 0, "fake");

    public async IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var layout = new PrefillPlacement(2, [1, 0, 0],
            [request.PromptLength / 2, request.PromptLength - (request.PromptLength / 2)], 64);
        Requests.Add(request);
        yield return new GenerationProtocol.Progress(request.RequestId, 7, 0, request.PromptLength);
        if (Failure is not null)
        {
            yield return Failure with { RequestId = request.RequestId };
            yield break;
        }

        WhilePrefilling?.Invoke();
        if (cancellationToken.IsCancellationRequested)
        {
            Cancelled++;
            yield return new GenerationProtocol.Completed(request.RequestId, CompletionReason.Cancelled, PrefillPlacement.None);
            yield break;
        }

        yield return new GenerationProtocol.Progress(request.RequestId, 7, request.PromptLength, request.PromptLength);
        var last = CompletionReason.Length;
        foreach (var (index, token) in Tokens(request).Index())
        {
            await Task.Yield();
            if (cancellationToken.IsCancellationRequested)
            {
                Cancelled++;
                if (FailsWhenCancelled)
                {
                    yield return new GenerationProtocol.Failed(request.RequestId, FailureKind.Fault, "a rank was lost");
                    yield break;
                }

                last = CompletionReason.Cancelled;
                break;
            }

            yield return new GenerationProtocol.TokenGenerated(
                request.RequestId, request.PromptLength + index,
                new SampledToken(token, request.Sampling.Logprobs ? -0.5f : float.NaN, []));
            if (!request.StopTokens.Contains(token))
                continue;
            last = CompletionReason.Stop;
            break;
        }

        yield return new GenerationProtocol.Completed(request.RequestId, last, layout);
    }

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        return ValueTask.CompletedTask;
    }

    private IEnumerable<int> Tokens(GenerationProtocol.Submit request)
    {
        do
        {
            foreach (var token in tokens.Take(Endless ? tokens.Length : request.MaxNewTokens))
                yield return token;
        }
        while (Endless);
    }
}
