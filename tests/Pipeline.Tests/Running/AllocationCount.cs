namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Managed bytes that a piece of work allocates on the calling thread and on devices' streams together.</summary>
internal static class AllocationCount
{
    public static long Of(IReadOnlyList<TaskScheduler> streams, Action work)
    {
        // The caller's own count lies inside the others', which allocate on the caller's thread.
        var onStreams = Sum(streams);
        var here = GC.GetAllocatedBytesForCurrentThread();
        work();
        here = GC.GetAllocatedBytesForCurrentThread() - here;
        return here + Sum(streams) - onStreams;
    }

    private static long Sum(IReadOnlyList<TaskScheduler> streams) => streams.Sum(stream => Task.Factory.StartNew(
        GC.GetAllocatedBytesForCurrentThread, CancellationToken.None, TaskCreationOptions.None, stream).GetAwaiter().GetResult());
}
