using System.Runtime.CompilerServices;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine;
using AkkaCp.Engine.Generation;
using AkkaCp.Engine.Tests;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scripted;

/// <summary>A model that does as the last turn of its prompt says: see <see cref="Script"/>. The demo model knows no tools.</summary>
internal sealed class ScriptedBackend : IGenerationBackend
{
    private readonly HashSet<string> _refused = [];

    public int LiveTensors => 0;

    public EngineHealth Health => new(true, 1, 1, 0, 0, 0, 0, 0, "scripted");

    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.FromResult<ClusterStatus?>(null);

    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Health);

    public async IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var script = new Script(TestModel.Demo.Tokenizer.Decode(request.Tokens.AsSpan()[..request.PromptLength]));
        if (script.IsBusyOnce && IsFirst(script.Turn))
        {
            yield return new GenerationProtocol.Failed(request.RequestId, FailureKind.Busy, "the queue is full with 1 request");
            yield break;
        }

        var model = new FakeBackend([.. TestModel.Demo.Tokenizer.Encode(script.Answer, allowSpecial: false), TestModel.End]);
        await foreach (var reply in model.Submit(request, rows, cancellationToken).ConfigureAwait(false))
        {
            var isEnd = reply is GenerationProtocol.Completed { Reason: CompletionReason.Stop };
            yield return isEnd && script.Fails
                ? new GenerationProtocol.Failed(request.RequestId, FailureKind.Fault, "rank 0 failed again and again")
                : reply;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsFirst(string turn)
    {
        lock (_refused)
            return _refused.Add(turn);
    }
}
