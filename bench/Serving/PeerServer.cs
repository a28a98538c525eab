using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AkkaCp.Bench.Serving;

/// <summary>A running llama-server.</summary>
internal sealed class PeerServer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);
    private readonly Process _process;

    private PeerServer(Process process, Uri address) => (_process, Address) = (process, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts one with its defaults, as many threads as processors, and waits until its model has loaded.</summary>
    public static async Task<PeerServer> StartAsync(string program, string gguf, int slots, int context)
    {
        var port = FreePort();
        string[] arguments =
        [
            "-m", gguf, "--host", "127.0.0.1", "--port", Text(port), "-t", Text(Environment.ProcessorCount), "-np", Text(slots),
            "-c", Text(context), "--kv-unified", "--no-ui",
        ];
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var server = new PeerServer(process, new Uri($"http://127.0.0.1:{Text(port)}/"));
        await server.WaitAsync();
        return server;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task WaitAsync()
    {
        using var client = new HttpClient { BaseAddress = Address };
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < s_patience; await Task.Delay(200))
        {
            try
            {
                if ((await client.GetAsync("health")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                // It does not listen yet.
            }
        }

        throw new TimeoutException($"the peer did not load within {s_patience}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
