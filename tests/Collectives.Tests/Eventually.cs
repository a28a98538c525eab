namespace AkkaCp.Collectives.Tests;

/// <summary>Waits for what another thread is about to do; the test's own deadline bounds it.</summary>
internal static class Eventually
{
    public static async Task IsAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Yield();
    }
}
