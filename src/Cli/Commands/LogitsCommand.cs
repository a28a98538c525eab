using System.CommandLine;
using System.Text.Json;
using AkkaCp.Cli.Display;
using AkkaCp.Cli.Output;
using AkkaCp.Engine;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp logits</c>: the logits of every position of a sequence, as raw numbers in a file.</summary>
internal static class LogitsCommand
{
    public const string Name = "logits";

    private static readonly Option<string?> s_tokens = new("--tokens") { Description = "Token ids: 1,2,3." };
    private static readonly Option<string?> s_tokensFile =
        new Option<string?>("--tokens-file") { Description = "A JSON array of ids, or an object with tokens." }.TakesPath();

    private static readonly Option<string> s_output = new Option<string>("--output")
    {
        Description = "File for [T, vocabulary] little-endian float32; - is standard output.",
        Required = true,
    }.TakesPath();

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Writes the logits of every position, in order, as little-endian float32.")
        {
            s_tokens, s_tokensFile, s_output,
        };
        CommonOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var tokens = Tokens(parsed);
        using var file = new LogitsFile(parsed.GetRequiredValue(s_output), io.OutputUnread);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, file.Unread);
        try
        {
            await WriteAsync(parsed, io, tokens, file, ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (file.Unread.IsCancellationRequested)
        {
            throw new UnreadOutputException(error);
        }

        file.Complete(tokens.Length);
        return ErrorReport.Success;
    }

    private static async Task WriteAsync(
        ParseResult parsed, CommandIo io, int[] tokens, LogitsFile file, CancellationToken cancellationToken)
    {
        await using var progress = new ProgressDisplay(io);
        using var loggers = EngineFlags.Loggers(parsed);
        var options =
            EngineFlags.Read(parsed) with { LoggerFactory = loggers, LoadProgress = progress.Loading, ClusterWait = progress.Waiting };
        var engine = await InferenceEngine.StartAsync(options, [new GenerationRequest { Tokens = tokens }], cancellationToken)
            .ConfigureAwait(false);
        await using var _ = engine.ConfigureAwait(false);
        await engine.LogitsAsync(tokens, file.Write, new DirectProgress<PrefillProgress>(progress.Prefilling), cancellationToken)
            .ConfigureAwait(false);
    }

    private static int[] Tokens(ParseResult parsed)
    {
        var (tokens, file) = (parsed.GetValue(s_tokens), parsed.GetValue(s_tokensFile));
        if ((tokens is null) == (file is null))
            throw new UsageException("logits: expected exactly one of --tokens and --tokens-file");
        return tokens is not null ? IntegerList.Parse("--tokens", tokens) : TokensOf(InputFile.ReadText("--tokens-file", file!));
    }

    private static int[] TokensOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var array = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("tokens", out var tokens) ? tokens : root;
            return array.ValueKind == JsonValueKind.Array
                ? [.. array.EnumerateArray().Select(id => id.GetInt32())]
                : throw new UsageException("--tokens-file: expected an array of ids, or an object with tokens");
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            throw new UsageException($"--tokens-file: expected JSON with integer ids, found: {error.Message}");
        }
    }
}
