using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public partial class ServeTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Service_AnswersUntilItIsAskedToEnd()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var said = new Listener();
        var io = new CommandIo(TextReader.Null, TextWriter.Null, said, InputIsPiped: false);
        var running = Program.RunAsync(["serve", "--port", "0", "--attn-cp", "1"], io, ending.Token);

        var url = Address().Match(await said.LineWith("listening on").WaitAsync(s_patience, ending.Token)).Value;
        Assert.Equal("demo is ready", await said.LineWith("ready").WaitAsync(s_patience, ending.Token));
        using var http = new HttpClient { BaseAddress = new Uri(url), Timeout = s_patience };
        using var answer = await http.PostAsync(
            new Uri("/v1/chat/completions", UriKind.Relative),
            new StringContent("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":3}""", Encoding.UTF8, "application/json"),
            ending.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await ending.CancelAsync();

        Assert.Equal(0, await running.WaitAsync(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AddressBeyondThisMachine_NeedsKeys()
    {
        var run = await CommandRun.OfAsync("serve", "--host", "0.0.0.0");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("akka-cp.server.api-keys: expected keys", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_IsListenedOn()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var said = new Listener();
        var io = new CommandIo(TextReader.Null, TextWriter.Null, said, InputIsPiped: false);
        var running = Program.RunAsync(["serve", "--host", "127.0.0.1", "--port", "0", "--attn-cp", "1"], io, ending.Token);

        var line = said.LineWith("listening on");
        Assert.Same(line, await Task.WhenAny(line, running).WaitAsync(s_patience, ending.Token));
        Assert.StartsWith("listening on http://127.0.0.1:", await line, StringComparison.Ordinal);
        await said.LineWith("ready").WaitAsync(s_patience, ending.Token);
        await ending.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ServiceThatIsAskedToEndWhileItLoads_EndsWell()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var said = new Listener();
        var io = new CommandIo(TextReader.Null, TextWriter.Null, said, InputIsPiped: false);
        var running = Program.RunAsync(["serve", "--port", "0", "--attn-cp", "1"], io, ending.Token);

        await said.LineWith("listening on").WaitAsync(s_patience, ending.Token);
        await ending.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task PortThatIsTaken_IsNamed()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var run = await CommandRun.OfAsync("serve", "--port", $"{port}");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(
            $"akka-cp.server.port: expected a free port at 127.0.0.1, found {port} in use", run.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex("http://[0-9.:]+")]
    private static partial Regex Address();

    private sealed class Listener : StringWriter
    {
        private readonly List<(string Text, TaskCompletionSource<string> Found)> _waiting = [];
        private readonly List<string> _lines = [];

        public Task<string> LineWith(string text)
        {
            lock (_waiting)
            {
                var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_lines.Find(line => line.Contains(text, StringComparison.Ordinal)) is { } line)
                    found.SetResult(line);
                else
                    _waiting.Add((text, found));
                return found.Task;
            }
        }

        public override void WriteLine(string? value)
        {
            lock (_waiting)
            {
                _lines.Add(value ?? "");
                foreach (var (text, found) in _waiting)
                {
                    if (value?.Contains(text, StringComparison.Ordinal) is true)
                        found.TrySetResult(value);
                }
            }
        }
    }
}
