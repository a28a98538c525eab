using System.Threading.Tasks.Dataflow;
using AkkaCp.Pipeline.Stages;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// As many Dataflow blocks as a rank's pipeline has, with the same options and message types, whose stages do nothing: what one item
/// allocates on its way through is Dataflow's own share of a step.
/// </summary>
internal sealed class EmptyPipeline
{
    private readonly ExecutionDataflowBlockOptions _options;
    private readonly TransformBlock<StageResult<PlanMessage>, StageResult<NormedMessage>> _head;

    /// <param name="layers">Six blocks each, and three around them, as in <see cref="RankPipeline"/>.</param>
    /// <param name="waits">Stages that wait for the other ranks of a group are asynchronous.</param>
    /// <param name="stream">Where the blocks run.</param>
    /// <param name="done">Called by the last block.</param>
    public EmptyPipeline(int layers, (bool AttnCp, bool AttnTp, bool Moe) waits, TaskScheduler stream, Action done)
    {
        _options = new ExecutionDataflowBlockOptions
        {
            BoundedCapacity = 2,
            MaxDegreeOfParallelism = 1,
            SingleProducerConstrained = true,
            TaskScheduler = stream,
        };
        _head = Block<PlanMessage, NormedMessage>();
        ISourceBlock<StageResult<NormedMessage>> hidden = _head;
        for (var layer = 0; layer < layers; layer++)
        {
            var qkv = Behind<NormedMessage, QkvMessage>(hidden);
            var gather = Behind<QkvMessage, QueryMessage>(qkv, waits.AttnCp);
            var split = Behind<QueryMessage, SplitQueryMessage>(gather);
            var fia = Behind<SplitQueryMessage, AttentionMessage>(split);
            var concat = Behind<AttentionMessage, NormedMessage>(fia, waits.AttnTp);
            hidden = Behind<NormedMessage, NormedMessage>(concat, waits.Moe);
        }

        Behind<NormedMessage, SampledMessage>(hidden, waits.AttnTp).LinkTo(new ActionBlock<StageResult<SampledMessage>>(
            _ =>
            {
                done();
                return Task.CompletedTask;
            }, _options));
    }

    public bool Post() => _head.Post(default);

    private TransformBlock<StageResult<TIn>, StageResult<TOut>> Behind<TIn, TOut>(ISourceBlock<StageResult<TIn>> source, bool waits = false)
        where TIn : struct
        where TOut : struct
    {
        var block = Block<TIn, TOut>(waits);
        source.LinkTo(block);
        return block;
    }

    private TransformBlock<StageResult<TIn>, StageResult<TOut>> Block<TIn, TOut>(bool waits = false)
        where TIn : struct
        where TOut : struct =>
        waits ? new(_ => Task.FromResult(default(StageResult<TOut>)), _options) : new(_ => default(StageResult<TOut>), _options);
}
