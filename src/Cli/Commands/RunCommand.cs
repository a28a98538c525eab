using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using AkkaCp.Cli.Display;
using AkkaCp.Engine;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp run</c>: answers one prompt, streaming.</summary>
internal static class RunCommand
{
    private static readonly Argument<string?> s_prompt = new("PROMPT")
    {
        Description = "The prompt. Default: from --prompt-file, or from standard input when it is piped.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_promptFile =
        new Option<string?>("--prompt-file") { Description = "Read the prompt from a file; line ends at its end are dropped." }.TakesPath();
    private static readonly Option<int?> s_maxTokens = new("--max-tokens") { Description = "Tokens to generate at most." };
    private static readonly Option<float?> s_temperature =
        new("--temperature") { Description = "0 is greedy. Default: the model's generation config.", CustomParser = Number };

    private static readonly Option<ulong?> s_seed =
        new("--seed") { Description = "Names the random sequence. Default: a fresh one." };
    private static readonly Option<bool> s_ignoreEos =
        new("--ignore-eos") { Description = "Go on behind the end of the answer, up to --max-tokens." };
    private static readonly Option<bool> s_raw = new("--raw") { Description = "Skip the chat template." };

    public static Command Create(CommandIo io)
    {
        var command = new Command("run", "Answers one prompt, streaming to standard output.")
        {
            s_prompt, s_promptFile, s_maxTokens, s_temperature, s_seed, s_ignoreEos, s_raw, CommonOptions.Json,
        };
        CommonOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    // As scripts write numbers, whatever the locale: no commas.
    private static float? Number(ArgumentResult result)
    {
        if (float.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return number;
        result.AddError($"--temperature: expected a number, found \"{result.Tokens[0].Value}\"");
        return null;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var request = Request(parsed, await PromptAsync(parsed, io, cancellationToken).ConfigureAwait(false));
        await using var progress = new ProgressDisplay(io);
        using var loggers = EngineFlags.Loggers(parsed);
        var options =
            EngineFlags.Read(parsed) with { LoggerFactory = loggers, LoadProgress = progress.Loading, ClusterWait = progress.Waiting };
        var engine = await InferenceEngine.StartAsync(options, [request], cancellationToken).ConfigureAwait(false);
        await using var _ = engine.ConfigureAwait(false);

        var json = parsed.GetValue(CommonOptions.Json);
        var (text, tokens) = (new StringBuilder(), new List<int>());
        await foreach (var chunk in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            if (chunk.Prefill is { } prefill)
                progress.Prefilling(prefill);
            if (chunk.Token is { } token)
                tokens.Add(token);
            if (chunk.Text.Length > 0 || chunk.FinishReason is not null)
                await progress.EndAsync().ConfigureAwait(false);
            text.Append(chunk.Text);
            if (!json)
                await WriteNowAsync(io.Out, chunk.Text).ConfigureAwait(false);
            if (chunk.FinishReason is null)
                continue;
            if (json)
                RunJson.Write(io.Out, text.ToString(), tokens, chunk);
            else
                io.Out.WriteLine();
            io.Error.WriteLine(RunLine.Of(engine.Health.Ranks, chunk.Summary!));
        }

        return ErrorReport.Success;
    }

    private static async Task WriteNowAsync(TextWriter output, string text)
    {
        await output.WriteAsync(text).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
    }

    private static async Task<string> PromptAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var (prompt, file) = (parsed.GetValue(s_prompt), parsed.GetValue(s_promptFile));
        if (prompt is not null && file is not null)
            throw new UsageException("run: expected one of PROMPT and --prompt-file, found both");
        if (prompt is not null)
            return prompt;
        if (file is not null)
            return InputFile.ReadText("--prompt-file", file).TrimEnd('\r', '\n');
        if (!io.InputIsPiped)
            throw new UsageException("run: expected a PROMPT, --prompt-file or piped input, found none");
        var piped = (await io.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false)).TrimEnd('\r', '\n');
        return piped.Length > 0
            ? piped
            : throw new UsageException("run: expected a PROMPT, --prompt-file or piped input, found empty input");
    }

    private static GenerationRequest Request(ParseResult parsed, string prompt)
    {
        var request = new GenerationRequest
        {
            MaxTokens = parsed.GetValue(s_maxTokens),
            IgnoreEos = parsed.GetValue(s_ignoreEos),
            Sampling = new SamplingOverrides { Temperature = parsed.GetValue(s_temperature), Seed = parsed.GetValue(s_seed) },
        };
        return parsed.GetValue(s_raw)
            ? request with { Prompt = prompt }
            : request with { Messages = [new PromptMessage("user", prompt)] };
    }
}
