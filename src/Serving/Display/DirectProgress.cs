namespace AkkaCp.Serving.Display;

/// <summary>Progress that is handled where it is reported: in order, and before the call returns.</summary>
internal sealed class DirectProgress<T>(Action<T> handle) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => handle(value);
}
