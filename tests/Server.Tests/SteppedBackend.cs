using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine;
using AkkaCp.Engine.Generation;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Server.Tests;

/// <summary>Answers one request with what the test gives, when it gives it: what waits for that runs on the test's thread.</summary>
internal sealed class SteppedBackend : IGenerationBackend
{
    private readonly Channel<GenerationProtocol.IReply> _replies = Channel.CreateUnbounded<GenerationProtocol.IReply>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    /// <summary>Tokens that somebody has taken, and asked for the next.</summary>
    public int Read { get; private set; }

    public int LiveTensors => 0;

    public EngineHealth Health => new(true, 1, 1, 0, 0, 0, 0, 0, "stepped");

    /// <summary>Gives a token.</summary>
    public void Give(int token, int position) =>
        _replies.Writer.TryWrite(new GenerationProtocol.TokenGenerated(Guid.Empty, position, new SampledToken(token, float.NaN, [])));

    /// <summary>Ends the answer.</summary>
    public void End() =>
        _replies.Writer.TryWrite(new GenerationProtocol.Completed(Guid.Empty, CompletionReason.Length, PrefillPlacement.None));

    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Health);

    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.FromResult<ClusterStatus?>(null);

    public async IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var reply in _replies.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            yield return reply;
            Read++;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
