using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace AkkaCp.Bench.Cluster;

/// <summary>A <see cref="BenchNode"/> as the program that measures sees it.</summary>
internal sealed class NodeProcess : IDisposable
{
    /// <summary>The first argument of a node.</summary>
    public const string Word = "node";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private NodeProcess(Process process) => _process = process;

    public static NodeProcess Start(string model, int port) => new(Process.Start(new ProcessStartInfo(
        Environment.ProcessPath!, [Word, model, port.ToString(CultureInfo.InvariantCulture)])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!);

    /// <summary>Asks the node, and waits for what it says.</summary>
    public async Task<T> AskAsync<T>(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        var answer = await _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience)
            ?? throw new InvalidOperationException("the node has ended");
        return JsonSerializer.Deserialize<T>(answer)!;
    }

    /// <summary>Lets the node leave, and ends it when it does not.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(s_patience))
            _process.Kill();

        _process.Dispose();
    }
}
