using AkkaCp.Actors.Edge;
using AkkaCp.Engine;
using AkkaCp.Model.Weights;
using Spectre.Console;

namespace AkkaCp.Cli.Display;

/// <summary>
/// Shows loading and prefill on stderr: moving bars where a person watches, otherwise a line for each part when it is done.
/// Thread-safe.
/// </summary>
internal sealed class ProgressDisplay : IAsyncDisposable
{
    private readonly CommandIo _io;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ProgressTask> _bars = [];
    private readonly HashSet<string> _told = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _drawing = Task.CompletedTask;
    private readonly IAnsiConsole? _console;
    private ProgressContext? _context;

    /// <summary>Starts to show.</summary>
    public ProgressDisplay(CommandIo io)
    {
        _io = io;
        Loading = new DirectProgress<LoadProgress>(Load);
        Waiting = new DirectProgress<ClusterWait>(wait => Say(wait.ToString()));
        if (!io.ErrorIsTerminal)
            return;
        var console = _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(io.Error) });
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _drawing = console.Progress().AutoClear(true).StartAsync(context =>
        {
            _context = context;
            started.SetResult();
            return _ended.Task;
        });
        started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Takes the ranks' loading.</summary>
    public IProgress<LoadProgress> Loading { get; }

    /// <summary>Takes what requests wait for; the same is said once.</summary>
    public IProgress<ClusterWait> Waiting { get; }

    /// <summary>Shows how far the prompt is.</summary>
    public void Prefilling(PrefillProgress progress) => Step("prefill", progress.Processed, progress.Total);

    /// <summary>Shows how far a part is.</summary>
    public void Step(string part, long done, long total)
    {
        lock (_gate)
        {
            if (_ended.Task.IsCompleted || total == 0)
                return;
            if (_context is not null)
                Draw(_context, part, done, total);
            else if (done >= total && _told.Add(part))
                _io.Error.WriteLine($"akkacp: {part} {total} of {total}");
        }
    }

    /// <summary>Clears the display: what follows is the answer.</summary>
    public async Task EndAsync()
    {
        lock (_gate)
            _ended.TrySetResult();
        await _drawing.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndAsync().ConfigureAwait(false);

    /// <summary>Writes a line; while bars move, above them.</summary>
    private void Say(string line)
    {
        lock (_gate)
        {
            if (!_told.Add(line))
                return;
            if (_console is not null && !_ended.Task.IsCompleted)
                _console.WriteLine($"akkacp: {line}");
            else
                _io.Error.WriteLine($"akkacp: {line}");
        }
    }

    private void Load(LoadProgress progress) => Step("loading", progress.BytesDone, progress.BytesTotal);

    private void Draw(ProgressContext context, string part, long done, long total)
    {
        if (!_bars.TryGetValue(part, out var bar))
            _bars.Add(part, bar = context.AddTask(part));
        bar.MaxValue = total;
        bar.Value = Math.Max(bar.Value, done);
    }
}

/// <summary>Progress that is handled where it is reported: in order, and before the call returns.</summary>
internal sealed class DirectProgress<T>(Action<T> handle) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => handle(value);
}
