using System.Diagnostics;

namespace AkkaCp.Bench.Transport;

/// <summary>
/// The two processes of a run, and the line between them: the first starts the second with the same arguments, through a command of the
/// caller's choice, such as one that enters another network.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    /// <summary>The second process's first argument.</summary>
    public const string Word = "peer";

    private readonly Process? _child;

    private PeerProcess(Process? child) => _child = child;

    /// <summary>Whether this is the second process.</summary>
    public bool IsPeer => _child is null;

    /// <summary>0 for the first, 1 for the second.</summary>
    public int Rank => IsPeer ? 1 : 0;

    /// <summary>The second process when the arguments say so; else the first, which starts the second.</summary>
    /// <param name="args">This process's own.</param>
    /// <param name="through">A command that runs its arguments; empty for none.</param>
    public static PeerProcess Of(string[] args, string through = "")
    {
        if (args is [Word, ..])
            return new PeerProcess(null);

        string[] command = [.. through.Split(' ', StringSplitOptions.RemoveEmptyEntries), Environment.ProcessPath!, Word, .. args];
        return new PeerProcess(Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }));
    }

    /// <summary>Tells the other process a line and hears its line; both call it.</summary>
    public string Exchange(string line)
    {
        var (say, hear) = _child is null ? (Console.Out, Console.In) : (_child.StandardInput, (TextReader)_child.StandardOutput);
        say.WriteLine(line);
        say.Flush();
        return hear.ReadLine() ?? throw new InvalidOperationException("the other process has ended");
    }

    /// <summary>Prints a line, on the first process only.</summary>
    public void Print(string line)
    {
        if (!IsPeer)
            Console.WriteLine(line);
    }

    public void Dispose()
    {
        _child?.WaitForExit();
        _child?.Dispose();
    }
}
