using System.Net;
using System.Net.Sockets;
using Xunit;

namespace AkkaCp.Cli.Tests.Output;

/// <summary>Ranks of one process need no network: nobody can reach what listens on nothing.</summary>
public class NetworkSocketsTests
{
    [Fact]
    public async Task RunInOneProcess_HasNoSocketWhileItAnswers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the sockets of a process are read from /proc");
        using var run = new AkkacpProcess(
            "run", "x", "--raw", "--ignore-eos", "--max-tokens", "4000", "--temperature", "0", "--attn-cp", "2", "--min-cp-tokens", "0");
        await run.Output.ReadExactlyAsync(new byte[10], TestContext.Current.CancellationToken);

        Assert.Empty(NetworkSockets(run.Id));
        Assert.False(run.HasExited);
    }

    [Fact]
    public void SocketThatListens_IsFound()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the sockets of a process are read from /proc");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var listening = $":{port:X4} 00000000:0000";
        Assert.Contains(NetworkSockets(Environment.ProcessId), line => line.Contains(listening, StringComparison.Ordinal));
    }

    /// <summary>The process's lines of the system's tables of TCP and UDP.</summary>
    private static List<string> NetworkSockets(int process)
    {
        var own = new DirectoryInfo($"/proc/{process}/fd").EnumerateFileSystemInfos()
            .Select(file => file.LinkTarget).Where(target => target?.StartsWith("socket:[", StringComparison.Ordinal) == true)
            .Select(target => target!["socket:[".Length..^1]).ToHashSet();
        return [.. new[] { "tcp", "tcp6", "udp", "udp6" }.Select(table => $"/proc/{process}/net/{table}").Where(File.Exists)
            .SelectMany(table => File.ReadLines(table).Skip(1))
            .Where(line => own.Contains(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]))];
    }
}
