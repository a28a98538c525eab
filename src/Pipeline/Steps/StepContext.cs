using AkkaCp.Npu;
using AkkaCp.Pipeline.Groups;

namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// One step inside one rank's pipeline: its plan, its layout once the plan has entered, and everything to give back at the end.
/// Stages dispose tensors as soon as they are done with them; what a fault leaves behind is given back here.
/// </summary>
internal sealed class StepContext(StepPlan plan, RankSetup setup)
{
    private readonly List<Tensor> _tensors = [];
    private readonly long _started = setup.Time.GetTimestamp();
    private StepLayout? _layout;
    private ValueTask? _transfer;

    public StepPlan Plan { get; } = plan;

    /// <summary>Set by the first stage.</summary>
    public StepLayout Layout
    {
        get => _layout ?? throw new InvalidOperationException($"{Plan} has no layout: the first stage has not run.");
        set => _layout = value;
    }

    /// <summary>[rows, D/2] rotary angles of the local rows; set by the first stage.</summary>
    public TensorView Cos { get; set; }

    /// <summary>[rows, D/2].</summary>
    public TensorView Sin { get; set; }

    /// <summary>Bytes of K‖V that came from other ranks.</summary>
    public long KvBytesGathered { get; set; }

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
        {
            throw new InvalidOperationException($"{Plan}: expected no transfer under way, found one.");
        }

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

    /// <summary>Waits until nothing touches the step's tensors, then gives them all back.</summary>
    public async Task ReleaseAsync()
    {
        if (_transfer is { } transfer)
        {
            // A fault kept the step from the stage that would have waited; here only the transfer's end matters.
            await transfer.AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        foreach (var tensor in _tensors)
        {
            tensor.Dispose();
        }
    }

    public StepStats Stats() => new(_layout?.Rows.Rows ?? 0, KvBytesGathered, setup.Time.GetElapsedTime(_started));
}
