using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>Tests that start processes on this machine, with a folder of their own; both end with the test.</summary>
public abstract class ProcessTests : IDisposable
{
    /// <summary>How long a process may take for whatever is waited for.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly List<HostProcess> _processes = [];

    /// <summary>Whether the tests that take minutes are wanted.</summary>
    protected static bool IsAllWanted => Environment.GetEnvironmentVariable("AKKACP_FAULTS") == "all";

    /// <summary>The test's own folder.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("akkacp-processes").FullName;

    /// <summary>Where the tests' own build of akkacp is.</summary>
    private protected static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "akkacp.dll");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in _processes)
            process.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The last words of all processes, for a failure's message.</summary>
    private protected string Tails() => string.Concat(_processes.Select(one => one.Label + one.Tail()));

    /// <summary>Starts a program.</summary>
    private protected HostProcess StartProgram(string label, params string[] command)
    {
        var process = new HostProcess(label, command);
        _processes.Add(process);
        return process;
    }

    /// <summary>Starts akkacp.</summary>
    private protected HostProcess Start(string label, params string[] arguments) => StartProgram(label, ["dotnet", Program, .. arguments]);

    /// <summary>Writes the configuration file of the test's cluster.</summary>
    protected string WriteConfig(string text)
    {
        var file = Path.Combine(Folder, "cluster.conf");
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>The line of a configuration that turns TLS on, with certificates made for the test;
    /// skips it where they cannot be made.</summary>
    protected string MakeCertificates()
    {
        if (Shell.TryRun("openssl", "version").Exit != 0)
            Assert.Skip("openssl is not installed");
        Shell.Run(Path.Combine(RepositoryFiles.Root, "config", "tls", "make-certificates.sh"), Folder, "node");
        return $"akka-cp.transport.tls {{ certificate = \"{Folder}/node.pem\", key = \"{Folder}/node.key\", ca = \"{Folder}/ca.pem\" }}";
    }
}
