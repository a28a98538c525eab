using System.Runtime.CompilerServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// One step inside one rank's pipeline: its plan, its row map once the plan has entered, and everything to give back at the end.
/// Stages dispose tensors as soon as they are done with them; what a fault leaves behind is given back here.
/// A context serves one step after another and keeps its lists, so that a step in steady state allocates nothing.
/// </summary>
internal sealed class StepContext(RankSetup setup)
{
    private readonly List<Tensor> _tensors = [];
    private readonly StepRowMap _rowMap = new(setup.Groups.AttnCp.Size, setup.Groups.AttnCp.Rank);
    private StepPlan? _plan;
    private ValueTask? _transfer;
    private int _rows;

    /// <exception cref="InvalidOperationException">The step has ended.</exception>
    public StepPlan Plan => _plan ?? throw new InvalidOperationException("The step has ended; its context was used afterwards.");

    /// <summary>Made by the first stage.</summary>
    public StepRowMap RowMap => _rowMap;

    /// <summary>[rows, D/2] rotary angles of the local rows; set by the first stage.</summary>
    public TensorView Cos { get; set; }

    /// <summary>[rows, D/2].</summary>
    public TensorView Sin { get; set; }

    /// <summary>Lists for the time of one stage.</summary>
    public IntegerScratch Scratch { get; } = new();

    /// <summary>Bytes of K‖V that came from other ranks.</summary>
    public long KvBytesGathered { get; set; }

    /// <summary>When the step entered.</summary>
    public long Started { get; private set; }

    /// <summary>A step enters; the one before has ended.</summary>
    public void Start(StepPlan plan)
    {
        (_plan, Started, _rows, KvBytesGathered) = (plan, setup.Time.GetTimestamp(), 0, 0);
    }

    /// <summary>Takes the plan into the table of sequences and lays its rows out.</summary>
    public StepRowMap MapRows(SequenceTable sequences)
    {
        _rowMap.Lay(Plan, sequences);
        _rows = _rowMap.Rows.Rows;
        return _rowMap;
    }

    /// <summary>Names a collective of this step.</summary>
    public CollectiveTag Tag(int layer, CollectiveKind kind) => new(Plan.Epoch, Plan.Step, layer, kind);

    /// <summary>A tensor that lives until it is disposed, at the latest until the step ends.</summary>
    public Tensor Rent(DType dtype, params ReadOnlySpan<int> shape)
    {
        var tensor = setup.Device.Memory.Rent(dtype, shape);
        _tensors.Add(tensor);
        return tensor;
    }

    /// <summary>A transfer that one stage begins and a later one waits for; the step's tensors are not given back before it ends. A step
    /// has one at most.</summary>
    public void Begin(ValueTask transfer)
    {
        if (_transfer is not null)
            throw new InvalidOperationException($"{Plan}: expected no transfer under way, found one.");

        _transfer = transfer;
    }

    /// <summary>The transfer that an earlier stage began, for this one to await; completed when there is none.</summary>
    public ValueTask TransferAsync()
    {
        var transfer = _transfer ?? default;
        _transfer = null;
        return WaitFor(transfer);
    }

    /// <summary>A transfer for a stage to await, once; the stage's clock, where there is one, counts the time.</summary>
    public ValueTask WaitFor(ValueTask transfer) =>
        setup.Clock is not { } clock || transfer.IsCompletedSuccessfully ? transfer : clock.WaitAsync(transfer);

    /// <summary>Waits until nothing touches the step's tensors, gives them all back, and lets go of the plan.</summary>
    /// <returns>What the step took, but for its time.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<StepStats> EndAsync()
    {
        if (_transfer is { } transfer)
        {
            // A fault kept the step from the stage that would have waited; here only the transfer's end matters.
            await transfer.AsTask().ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        foreach (var tensor in _tensors)
            tensor.Dispose();

        _tensors.Clear();
        _rowMap.Clear();
        (_plan, _transfer, Cos, Sin) = (null, null, default, default);
        return new StepStats(_rows, KvBytesGathered, TimeSpan.Zero);
    }

    /// <summary>For messages, which may outlive the step.</summary>
    public override string ToString() => _plan?.ToString() ?? "a step that has ended";
}
