namespace AkkaCp.Testing;

/// <summary>Managed bytes that a piece of work allocates on the calling thread.</summary>
public static class Allocated
{
    private const int Rounds = 8;

    public static long By(Action work)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>
    /// The quietest of several rounds is the work's own: the runtime, too, allocates on the thread that calls a method it has recompiled.
    /// </summary>
    public static long ByQuietest(Action work)
    {
        var quietest = long.MaxValue;
        for (var round = 0; round < Rounds && quietest > 0; round++)
            quietest = Math.Min(quietest, By(work));

        return quietest;
    }
}
