namespace AkkaCp.Actors.Nodes;

/// <summary>Disposals that outlive the actor that began them. New pipelines wait for them, so that two epochs never share memory.</summary>
internal sealed class PipelineDisposals
{
    private readonly Lock _lock = new();
    private readonly List<Task> _running = [];

    /// <summary>Notes a disposal.</summary>
    public void Add(Task disposal)
    {
        lock (_lock)
            _running.Add(disposal);
    }

    /// <summary>
    /// Waits until all have ended, well or not; those that take longer than <paramref name="timeout"/> are left to themselves. Any number
    /// may wait: the ranks of a node are built at the same time.
    /// </summary>
    public async Task WaitAsync(TimeSpan timeout)
    {
        Task[] running;
        lock (_lock)
        {
            _running.RemoveAll(disposal => disposal.IsCompleted);
            running = [.. _running];
        }

        if (running.Length == 0)
            return;
        await Task.WhenAny(Task.WhenAll(running), Task.Delay(timeout)).ConfigureAwait(false);
        lock (_lock)
            _running.RemoveAll(running.Contains);
    }
}
