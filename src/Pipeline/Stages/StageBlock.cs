using System.Threading.Tasks.Dataflow;
using AkkaCp.Collectives.Calls;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Makes Dataflow blocks of stages; nothing else does. Every block is bounded, keeps order, runs one item at a time on the rank's own
/// thread, ends with the graph's token, and lets no exception out: one would end the graph for all requests, and a cancellation would
/// make the item vanish without a reply.
/// </summary>
internal sealed class StageBlock(RankSetup setup, CancellationToken graph)
{
    private readonly List<IDataflowBlock> _blocks = [];
    private long _done;

    /// <summary>Every block made so far.</summary>
    public IReadOnlyList<IDataflowBlock> Blocks => _blocks;

    /// <summary>Stages that have ended, well or not.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>The options of all blocks.</summary>
    public ExecutionDataflowBlockOptions Options { get; } = new()
    {
        BoundedCapacity = setup.StepsInside,
        CancellationToken = graph,
        EnsureOrdered = true,
        MaxDegreeOfParallelism = 1,
        SingleProducerConstrained = true,
        TaskScheduler = setup.Device.Stream,
    };

    /// <summary>A stage that computes and returns.</summary>
    public TransformBlock<StageResult<TIn>, StageResult<TOut>> Create<TIn, TOut>(string stage, int layer, Func<TIn, TOut> run)
        where TIn : struct
        where TOut : struct
    {
        var time = setup.Clock?.Of(stage);
        return Add(new TransformBlock<StageResult<TIn>, StageResult<TOut>>(
            input =>
            {
                if (input.Fault is not null)
                    return new(input.Step, default, input.Fault);

                try
                {
                    Enter(time);
                    return new(input.Step, run(input.Message), null);
                }
                catch (Exception exception)
                {
                    return new(input.Step, default, Abandon(input.Step, stage, layer, exception));
                }
                finally
                {
                    setup.Clock?.Leave();
                    Interlocked.Increment(ref _done);
                }
            },
            Options));
    }

    /// <summary>A stage that waits for the other ranks of a group; meanwhile the rank's thread works on other steps.</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="layer">Its layer.</param>
    /// <param name="run">Its work.</param>
    /// <param name="waits">False when it never waits here, its groups having one member:
    /// then the block needs no task for each step.</param>
    public TransformBlock<StageResult<TIn>, StageResult<TOut>> Create<TIn, TOut>(
        string stage, int layer, Func<TIn, ValueTask<TOut>> run, bool waits)
        where TIn : struct
        where TOut : struct =>
        waits ? CreateWaiting(stage, layer, run) : Create<TIn, TOut>(stage, layer, message => Ended(run(message)));

    /// <summary>Takes a block into the graph's completion.</summary>
    public TBlock Add<TBlock>(TBlock block)
        where TBlock : IDataflowBlock
    {
        _blocks.Add(block);
        return block;
    }

    private TransformBlock<StageResult<TIn>, StageResult<TOut>> CreateWaiting<TIn, TOut>(
        string stage, int layer, Func<TIn, ValueTask<TOut>> run)
        where TIn : struct
        where TOut : struct
    {
        var time = setup.Clock?.Of(stage);
        return Add(new TransformBlock<StageResult<TIn>, StageResult<TOut>>(
            async input =>
            {
                if (input.Fault is not null)
                    return new(input.Step, default, input.Fault);

                try
                {
                    Enter(time);
                    // What the stage awaits itself brings it back to the rank's thread, and this goes on right there.
                    return new(input.Step, await run(input.Message).ConfigureAwait(false), null);
                }
                catch (Exception exception)
                {
                    return new(input.Step, default, Abandon(input.Step, stage, layer, exception));
                }
                finally
                {
                    setup.Clock?.Leave();
                    Interlocked.Increment(ref _done);
                }
            },
            Options));
    }

    private static T Ended<T>(ValueTask<T> stage) =>
        stage.IsCompleted ? stage.Result : throw new InvalidOperationException("A stage waits although its groups have one member.");

    private void Enter(StageTime? time)
    {
        if (time is not null)
            setup.Clock!.Enter(time);
    }

    /// <summary>Turns an exception into the step's fault, and tells the peers not to wait for this rank.</summary>
    private PipelineFault Abandon(StepContext step, string stage, int layer, Exception exception)
    {
        var kind = exception switch
        {
            PeerLostException => FaultKind.PeerLost,
            CollectiveAbortedException => FaultKind.PeerAborted,
            CollectiveMismatchException => FaultKind.CollectiveMismatch,
            OperationCanceledException => FaultKind.Stopped,
            _ => FaultKind.StageFailed,
        };
        var message = exception is OperationCanceledException
            ? "the pipeline was stopped"
            : $"{exception.GetType().Name}: {exception.Message}";
        var fault = new PipelineFault(kind, stage, layer, setup.Rank, step.Plan.Step, message);
        setup.Groups.Abort(step.Plan.Epoch, step.Plan.Step, fault.ToString());
        return fault;
    }
}
