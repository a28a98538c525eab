using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>The call of a member of this process. <see cref="Send"/> is read and <see cref="Receive"/> written; operations in place have
/// the same view in both.</summary>
internal struct LocalCall
{
    public TensorView Send;

    public TensorView Receive;

    /// <summary>Null before the member has come.</summary>
    public CallTask? Task;
}
