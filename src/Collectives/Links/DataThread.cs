namespace AkkaCp.Collectives.Links;

/// <summary>Threads of the data plane: each blocks in a socket, so none comes from the shared pool.</summary>
internal static class DataThread
{
    /// <summary>Starts a thread; the task ends with it.</summary>
    public static Task Start(string name, Action work)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                work();
                ended.SetResult();
            }
            catch (Exception bug)
            {
                // The thread's owner must learn of it; on the thread itself it would end the process.
                ended.SetException(bug);
            }
        })
        {
            Name = name,
            IsBackground = true,
        };
        thread.Start();
        return ended.Task;
    }
}
