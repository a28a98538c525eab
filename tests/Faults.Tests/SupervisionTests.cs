using System.Net;
using System.Net.Sockets;
using System.Text;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>What those who start processes and watch over them see: systemd's socket, probes, SIGTERM.</summary>
public sealed class SupervisionTests : ProcessTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Node_TellsSystemdAndProbesThatItIsReady_AndEndsWhenAsked()
    {
        int[] ports = [FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback)];
        var config = WriteConfig($$"""
            akka-cp {
              model.path = "{{RepositoryFiles.TinyModel("f32")}}"
              device { threads = 1, pin = off }
              kv-cache.tokens = 1024
              cluster { port = {{ports[0]}}, seeds = ["127.0.0.1:{{ports[0]}}"], health-port = {{ports[1]}} }
              transport.port = 0
            }
            """);
        using var systemd = Listen();
        var node = StartNotifying("node", "--config", config);

        Assert.Equal("READY=1", await HearAsync(systemd));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[1]}") };
        await node.WaitForAsync("a rank", one => one.Output.Contains("serving rank 0", StringComparison.Ordinal), Limit, Cancelled);
        using var answer = await http.GetAsync(new Uri("/health", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        node.Ask();
        Assert.Equal(0, await node.WaitForExitAsync(Limit));
    }

    [Fact]
    public async Task Service_TellsSystemdThatItsModelIsLoaded_AndEndsWhenAsked()
    {
        using var systemd = Listen();
        var service = StartNotifying("serve", "--port", "0", "--attn-cp", "1");

        Assert.Equal("READY=1", await HearAsync(systemd));
        await service.WaitForAsync("its line", one => one.Errors.Contains("demo is ready", StringComparison.Ordinal), Limit, Cancelled);
        service.Ask();
        Assert.Equal(0, await service.WaitForExitAsync(Limit));
    }

    private string SocketPath => Path.Combine(Folder, "notify");

    private Socket Listen()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("systemd is Linux's");
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    private HostProcess StartNotifying(params string[] arguments) =>
        StartProgram(arguments[0], ["env", $"NOTIFY_SOCKET={SocketPath}", "dotnet", Program, .. arguments]);

    private static async Task<string> HearAsync(Socket systemd)
    {
        var said = new byte[1024];
        var count = await systemd.ReceiveAsync(said, Cancelled).AsTask().WaitAsync(Limit, Cancelled);
        return Encoding.UTF8.GetString(said, 0, count);
    }
}
