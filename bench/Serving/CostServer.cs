using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Bench.Serving;

/// <summary>What <c>akkacp serve</c> runs, in a process of its own that also answers what stands on its standard input.</summary>
internal sealed class CostServer : IAsyncDisposable
{
    /// <summary>The first argument of the process.</summary>
    public const string Word = "cost-server";

    private const string AskCost = "cost";
    private readonly Process _process;

    private CostServer(Process process) => _process = process;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Tokens of the letters, each alone.</summary>
    public IReadOnlyList<int> Letters { get; private set; } = [];

    /// <summary>Starts one, and waits until its model has loaded.</summary>
    /// <param name="model">Its directory.</param>
    /// <param name="stepsInside">Two share the streams in a way that is chance, as a service does, with its prefix cache; one has all of
    /// them, and no cache.</param>
    public static async Task<CostServer> StartAsync(string model, int stepsInside = 1)
    {
        string[] arguments = [Word, model, stepsInside.ToString(CultureInfo.InvariantCulture)];
        var server = new CostServer(Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            // All code is compiled once and for good: what compiles again meanwhile would be the largest part outside the ranks.
            Environment = { ["DOTNET_TieredCompilation"] = "0", ["DOTNET_ReadyToRun"] = "0" },
        })!);
        server.Address = new Uri(await server.HearAsync<string>());
        server.Letters = await server.HearAsync<int[]>();
        return server;
    }

    /// <summary>What a token costs the server.</summary>
    /// <param name="work">Lets it make tokens.</param>
    /// <param name="tokens">How many.</param>
    public async Task<Cost> CostOfAsync(Func<Task> work, int tokens)
    {
        var before = await AskAsync<Cost>(AskCost);
        await work();
        return (await AskAsync<Cost>(AskCost)).Since(before, tokens);
    }

    /// <summary>Lets its engine answer chats, at once, without HTTP.</summary>
    public async Task AnswerAsync(IReadOnlyList<Chat> chats)
    {
        var events = await AskAsync<int>(JsonSerializer.Serialize(chats));
        if (events != chats.Sum(chat => chat.Tokens))
            throw new InvalidOperationException($"expected {chats.Sum(chat => chat.Tokens)} chunks with text, found {events}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>The process: one line is answered by one line, until there is none.</summary>
    public static async Task ServeAsync(string model, string stepsInside)
    {
        var options = new EngineOptions
        {
            ModelPath = model,
            Overrides = new Dictionary<string, string>
            {
                ["akka-cp.server.port"] = "0",
                ["akka-cp.kv-cache.prefix-cache"] = stepsInside == "1" ? "off" : "on",
                ["akka-cp.scheduler.steps-in-flight"] = stepsInside,
            },
        };
        await using var app = AkkaCpService.Create(options, NullLoggerFactory.Instance);
        await AkkaCpService.StartAsync(app);
        var engine = await app.Services.GetRequiredService<EngineHost>().GetEngineAsync();
        Say(app.Urls.First());
        Say(Enumerable.Range('a', 26).Select(letter => engine.Tokenizer.Encode(((char)letter).ToString(CultureInfo.InvariantCulture))[0]));
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == AskCost)
                Say(Cost.Now());
            else
                Say(await CountAsync(engine, JsonSerializer.Deserialize<Chat[]>(line)!));
        }

        await app.StopAsync();
    }

    private static async Task<int> CountAsync(InferenceEngine engine, Chat[] chats)
    {
        var counting = new List<Task<int>>();
        foreach (var chat in chats)
        {
            var answer = engine.GenerateAsync(chat.Request).GetAsyncEnumerator();
            await answer.MoveNextAsync();
            counting.Add(CountAsync(answer));
        }

        return (await Task.WhenAll(counting)).Sum();
    }

    // Behind the first chunk, which has no text.
    private static async Task<int> CountAsync(IAsyncEnumerator<GenerationChunk> answer)
    {
        await using var own = answer;
        var chunks = 0;
        while (await answer.MoveNextAsync())
            chunks += answer.Current.Text.Length > 0 ? 1 : 0;
        return chunks;
    }

    private static void Say<T>(T answer) => Console.WriteLine(JsonSerializer.Serialize(answer));

    private async Task<T> AskAsync<T>(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        return await HearAsync<T>();
    }

    private async Task<T> HearAsync<T>() => JsonSerializer.Deserialize<T>(
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the server has ended"))!;
}
