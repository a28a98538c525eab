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
    private readonly List<Task> _transfers = [];
    private readonly long _started = setup.Time.GetTimestamp();
    private StepLayout? _layout;

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

    /// <summary>Remembers a transfer that reads or writes the step's tensors: they are not given back before it ends.</summary>
    public Task Track(Task transfer)
    {
        if (!transfer.IsCompletedSuccessfully)
        {
            _transfers.Add(transfer);
        }

        return transfer;
    }

    /// <summary>A transfer for a stage to await; the stage's clock, where there is one, counts the time.</summary>
    public Task WaitFor(Task transfer) =>
        setup.Clock is not { } clock || transfer.IsCompletedSuccessfully ? transfer : clock.WaitAsync(transfer);

    /// <summary>Waits until nothing touches the step's tensors, then gives them all back.</summary>
    public async Task ReleaseAsync()
    {
        foreach (var transfer in _transfers)
        {
            // The stage that awaited it has reported a failure already; here only its end matters.
            await transfer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        foreach (var tensor in _tensors)
        {
            tensor.Dispose();
        }
    }

    public StepStats Stats() => new(_layout?.Rows.Rows ?? 0, KvBytesGathered, setup.Time.GetElapsedTime(_started));
}
