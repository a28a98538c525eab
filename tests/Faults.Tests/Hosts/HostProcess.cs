using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>A program on a host, with what it wrote and when.</summary>
internal sealed class HostProcess : IDisposable
{
    private const int Sigstop = 19;
    private const int Sigcont = 18;
    private const int Sigterm = 15;

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<TimedText> _output = [];
    private readonly List<TimedText> _errors = [];
    private readonly Task _reading;
    private int _disposed;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HostProcess(string label, IReadOnlyList<string> command)
    {
        Label = label;
        _process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        })!;
        _process.StandardInput.Close();
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, _output), ReadAsync(_process.StandardError, _errors));
    }

    /// <summary>For reports.</summary>
    public string Label { get; }

    /// <summary>All of standard output so far.</summary>
    public string Output => Snapshot(_output).Aggregate(new StringBuilder(), (all, piece) => all.Append(piece.Text)).ToString();

    /// <summary>All of standard error so far.</summary>
    public string Errors => Snapshot(_errors).Aggregate(new StringBuilder(), (all, piece) => all.Append(piece.Text)).ToString();

    /// <summary>When each piece of standard output came.</summary>
    public IReadOnlyList<TimedText> OutputPieces => Snapshot(_output);

    /// <summary>Files and sockets that it has open.</summary>
    public int Handles => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    /// <summary>Memory that it holds, bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGSTOP: it holds its sockets and does nothing.</summary>
    public void Pause() => Signal(Sigstop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(Sigcont);

    /// <summary>SIGTERM: asks it to end well.</summary>
    public void Ask() => Signal(Sigterm);

    /// <summary>Waits until both streams hold what <paramref name="isThere"/> looks for.</summary>
    public async Task WaitForAsync(
        string what, Func<HostProcess, bool> isThere, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limit);
        while (true)
        {
            var news = News();
            if (isThere(this))
                return;
            if (_reading.IsCompleted)
                throw new InvalidOperationException($"{Label} ended before {what}: {Tail()}");
            try
            {
                await Task.WhenAny(news, _reading).WaitAsync(timer.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{Label}: expected {what} within {limit.TotalSeconds} s, found none: {Tail()}");
            }
        }
    }

    /// <summary>Waits for the end and gives the exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timer.Token);
            await _reading.WaitAsync(timer.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Label}: expected it to end within {limit.TotalSeconds} s: {Tail()}");
        }
    }

    /// <summary>The last lines of both streams, for a failure's message.</summary>
    public string Tail()
    {
        static string Last(string text) => text.Length <= 2000 ? text : text[^2000..];
        return $"{Environment.NewLine}stdout: {Last(Output)}{Environment.NewLine}stderr: {Last(Errors)}";
    }

    /// <summary>Kills it if it still runs.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit(5000);
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
            throw new InvalidOperationException($"{Label}: signal {signal} failed with {Marshal.GetLastPInvokeError()}");
    }

    private async Task ReadAsync(StreamReader from, List<TimedText> to)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is var count and > 0)
        {
            lock (_gate)
            {
                to.Add(new TimedText(Stopwatch.GetTimestamp(), new string(buffer, 0, count)));
                _news.TrySetResult();
                _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private Task News()
    {
        lock (_gate)
            return _news.Task;
    }

    private TimedText[] Snapshot(List<TimedText> pieces)
    {
        lock (_gate)
            return [.. pieces];
    }
}
