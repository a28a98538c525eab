using System.Globalization;
using AkkaCp.Settings;

namespace AkkaCp.Engine.Composition;

/// <summary>
/// What the engines and nodes of this user on this machine are going to take of its memory. Weights come in minutes and pools when requests
/// fill them, so what is free says nothing of what a neighbour has just counted on: two that are started at once would both take the whole
/// machine. Each claim is an empty file, named by process and bytes and locked while its process lives.
/// </summary>
/// <param name="folder">Where the claims of all processes are.</param>
internal sealed class MemoryClaims(string folder)
{
    /// <summary>Those of this user.</summary>
    public static MemoryClaims OfMachine { get; } = new(Path.Combine(Path.GetTempPath(), $"akkacp-memory-{Environment.UserName}"));

    /// <summary>Decides how much an engine takes of what is free, while no other process decides, and claims it.</summary>
    /// <param name="spec">The engine.</param>
    /// <param name="limits">What the system lets this process have.</param>
    /// <returns>The engine with the size of its pools, and the claim; disposing gives it up. Where no claim can be made (no folder for
    /// temporary files), nobody knows of it.</returns>
    /// <exception cref="SettingsException">It needs more than there is: each key that asks for too much.</exception>
    public (EngineSpec Spec, IDisposable Claim) Claim(EngineSpec spec, SystemLimits limits)
    {
        using var turn = TakeTurn();
        if (turn is not null)
            limits = limits.Without(NotTakenYet());
        var sized = spec.Sized(limits);
        sized.NeedHere.RequireFits(limits);
        return (sized, turn is null ? new NoClaim() : Make(sized.NeedHere.Bytes));
    }

    /// <summary>What the system lets this process have, without what others have claimed: for who only looks.</summary>
    public SystemLimits Left(SystemLimits limits) => Directory.Exists(folder) ? limits.Without(NotTakenYet()) : limits;

    /// <summary>Waits for its turn to decide; null where there is no place for claims, or somebody holds it up.</summary>
    private Turn? TakeTurn()
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return Turn.Take(Path.GetFileName(folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or WaitHandleCannotBeOpenedException)
        {
            return null;
        }
    }

    private long NotTakenYet()
    {
        var claims = new Dictionary<int, long>();
        foreach (var file in Directory.EnumerateFiles(folder, "*-*-*"))
        {
            if (Parse(Path.GetFileName(file)) is (var process, var bytes) && IsAlive(file))
                claims[process] = claims.GetValueOrDefault(process) + bytes;
        }

        return claims.Sum(claim => Math.Max(0, claim.Value - ProcessMemory.ResidentOf(claim.Key)));
    }

    private IDisposable Make(long bytes)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{bytes}-{Guid.NewGuid():N}");
        try
        {
            return new FileStream(
                Path.Combine(folder, name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new NoClaim();
        }
    }

    private static (int Process, long Bytes)? Parse(string name) =>
        name.Split('-') is [var process, var bytes, _]
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? (id, count) : null;

    /// <summary>Whether its process holds the lock; what a dead one has left is deleted.</summary>
    private static bool IsAlive(string file)
    {
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>A mutex that all processes know by its name, held.</summary>
    private sealed class Turn(Mutex held) : IDisposable
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

        public static Turn? Take(string name)
        {
            var mutex = new Mutex(initiallyOwned: false, name);
            if (Wait(mutex))
                return new Turn(mutex);
            mutex.Dispose();
            return null;
        }

        public void Dispose()
        {
            held.ReleaseMutex();
            held.Dispose();
        }

        private static bool Wait(Mutex mutex)
        {
            try
            {
                return mutex.WaitOne(s_patience);
            }
            catch (AbandonedMutexException)
            {
                // Its owner died with it, and left nothing half done: a claim is one file.
                return true;
            }
        }
    }

    private sealed class NoClaim : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
