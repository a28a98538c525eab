using System.Collections.Immutable;
using System.Threading.Tasks.Dataflow;
using AkkaCp.Pipeline.Stages;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline;

/// <summary>
/// One rank's way from a step plan to its result, as a TPL Dataflow graph without cycles: layers are unrolled, six stages each, so
/// several steps are inside at once, and while one waits for its K‖V another computes.
/// </summary>
/// <remarks>
/// <code>
/// plan ─► 1 Embed ─► per layer: 2 QkvProjection ─► 3 KvConcatGather ─► 4 ZigzagQSplit ─► 5 DualFia ─► 6 Concat ─► 7 Moe ─► … ─► 8 LmHead
/// ─► result
///                               └── K‖V all-gather over ATTN_CP ──┘                          ATTN_TP reduce   MOE reduce
/// </code>
/// All stages run on the device's stream, one thread. Order within every block is the order of plans, so a later step's K and V never
/// overtake an earlier one's in any layer. A failure is a value that rides the links to the end; the graph itself ends only by
/// <see cref="DrainAsync"/>, disposal, or a bug.
/// </remarks>
public sealed class RankPipeline : IRankPipeline
{
    private const int NoLayer = -1;
    private static readonly DataflowLinkOptions s_propagate = new() { PropagateCompletion = true };

    private readonly RankSetup _setup;
    private readonly Action<StepResult> _deliver;
    private readonly Func<int, Attention> _attention;
    private readonly CancellationTokenSource _graph = new();
    private readonly StageBlock _blocks;
    private readonly StepsInside _inside;
    private readonly TransformBlock<StageResult<PlanMessage>, StageResult<NormedMessage>> _head;

    /// <summary>Builds the graph; nothing runs before the first plan.</summary>
    /// <param name="setup">The rank's parts; stay alive until <see cref="Completion"/>.</param>
    /// <param name="deliver">Gets exactly one result for each plan taken, on any thread; must not block or throw.</param>
    public RankPipeline(RankSetup setup, Action<StepResult> deliver)
        : this(setup, deliver, layer => Attention.Create(setup, layer))
    {
    }

    /// <summary>Takes each layer's attention from <paramref name="attention"/>.</summary>
    internal RankPipeline(RankSetup setup, Action<StepResult> deliver, Func<int, Attention> attention)
    {
        _setup = setup;
        _deliver = deliver;
        _attention = attention;
        _inside = new StepsInside(setup);
        _blocks = new StageBlock(setup, _graph.Token);
        _head = Link(_blocks);
        Completion = CompleteAsync(_blocks.Blocks);
    }

    /// <inheritdoc/>
    public Task Completion { get; }

    /// <inheritdoc/>
    public long StagesDone => _blocks.Done;

    /// <inheritdoc/>
    public async Task<bool> SendAsync(StepPlan plan, CancellationToken cancellationToken)
    {
        var step = _inside.Enter(plan);
        var taken = false;
        try
        {
            taken = await _head.SendAsync(new(step, new PlanMessage(step), null), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (!taken)
                await _inside.LeaveAsync(plan).ConfigureAwait(false);
        }

        return taken;
    }

    /// <inheritdoc/>
    public async Task DrainAsync(TimeSpan timeout)
    {
        _head.Complete();
        try
        {
            await Completion.WaitAsync(timeout, _setup.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await _graph.CancelAsync().ConfigureAwait(false);
            await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Stops at once: steps inside end with <see cref="FaultKind.Stopped"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await DrainAsync(TimeSpan.Zero).ConfigureAwait(false);
        _graph.Dispose();
    }

    private TransformBlock<StageResult<PlanMessage>, StageResult<NormedMessage>> Link(StageBlock blocks)
    {
        var groups = _setup.Groups;

        // Step 1: the plan becomes rows, their angles, and their embeddings with their first norm.
        var embed = new EmbedStage(_setup, new SequenceTable(_setup.Kv.Shape.BlockSize));
        var head = blocks.Create<PlanMessage, NormedMessage>(StageNames.Embed, NoLayer, plan => embed.Run(plan.Step));
        ISourceBlock<StageResult<NormedMessage>> normed = head;
        for (var layer = 0; layer < _setup.Weights.Layers.Count; layer++)
            normed = LinkLayer(blocks, layer, normed);

        // Step 8: logits of the rows that need them, and tokens.
        var lmHead = blocks.Create<NormedMessage, SampledMessage>(
            StageNames.LmHead, NoLayer, new LmHeadStage(_setup, _graph.Token).RunAsync,
            waits: groups.AttnTp.Size > 1);
        normed.LinkTo(lmHead, s_propagate);
        var end = blocks.Add(new ActionBlock<StageResult<SampledMessage>>(FinishAsync, blocks.Options));
        lmHead.LinkTo(end, s_propagate);
        return head;
    }

    private TransformBlock<StageResult<NormedMessage>, StageResult<NormedMessage>> LinkLayer(
        StageBlock blocks, int layer, ISourceBlock<StageResult<NormedMessage>> normed)
    {
        var groups = _setup.Groups;
        var attention = _attention(layer);

        // Steps 2 and 3: K and V first, their gather goes out, Q; then the gathered K‖V into the pool.
        var qkv = blocks.Create<NormedMessage, QkvMessage>(
            StageNames.QkvProjection, layer, new QkvProjectionStage(_setup, layer, attention, _graph.Token).Run);
        var gather = blocks.Create<QkvMessage, QueryMessage>(
            StageNames.KvConcatGather, layer, new KvConcatGatherStage(_setup, layer, attention).RunAsync, waits: groups.AttnCp.Size > 1);

        // Steps 4 and 5: early and late zigzag blocks, one FIA call each.
        var split = blocks.Create<QueryMessage, SplitQueryMessage>(StageNames.ZigzagQSplit, layer, ZigzagQSplitStage.Run);
        var fia = blocks.Create<SplitQueryMessage, AttentionMessage>(StageNames.DualFia, layer, new DualFiaStage(attention).Run);

        // Steps 6 and 7: o_proj, residual, norm; experts, residual, the next layer's norm.
        var concat = blocks.Create<AttentionMessage, NormedMessage>(
            StageNames.Concat, layer, new ConcatStage(_setup, layer, attention, _graph.Token).RunAsync, waits: groups.AttnTp.Size > 1);
        var moe = blocks.Create<NormedMessage, NormedMessage>(
            StageNames.Moe, layer, new MoeStage(_setup, layer, _graph.Token).RunAsync,
            waits: groups.Moe.Size > 1 || _setup.Topology.NeedsMoeGather);

        normed.LinkTo(qkv, s_propagate);
        qkv.LinkTo(gather, s_propagate);
        gather.LinkTo(split, s_propagate);
        split.LinkTo(fia, s_propagate);
        fia.LinkTo(concat, s_propagate);
        concat.LinkTo(moe, s_propagate);
        return moe;
    }

    private async Task FinishAsync(StageResult<SampledMessage> result)
    {
        await EndAsync(result.Step.Plan, result.Fault is null ? result.Message.Samples : [], result.Fault);
    }

    /// <summary>Gives the step's memory back, then reports it: whoever hears of the end finds the pool without it.</summary>
    private async Task EndAsync(StepPlan plan, ImmutableArray<RequestSample> samples, PipelineFault? fault)
    {
        if (await _inside.LeaveAsync(plan) is { } stats)
            _deliver(new StepResult(plan.Epoch, plan.Step, _setup.Rank, samples, fault, stats));
    }

    /// <summary>Ends when all blocks have; then answers for the steps that a cancelled or broken graph left inside.</summary>
    private async Task CompleteAsync(IReadOnlyList<IDataflowBlock> blocks)
    {
        foreach (var block in blocks)
        {
            // Completion flows only downstream; one block's fault has to end its producers too.
            _ = block.Completion.ContinueWith(
                _ => _graph.Cancel(), CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        var all = Task.WhenAll(blocks.Select(block => block.Completion));
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var plan in _inside.Plans())
        {
            var reason = all.IsFaulted ? $"the graph broke: {all.Exception!.GetBaseException().Message}" : "the pipeline was stopped";
            _setup.Groups.Abort(plan.Epoch, plan.Step, reason);
            await EndAsync(plan, [], new PipelineFault(
                FaultKind.Stopped, nameof(RankPipeline), NoLayer, _setup.Rank, plan.Step, reason)).ConfigureAwait(false);
        }

        if (all.IsFaulted)
            await all.ConfigureAwait(false);
    }
}
