using System.CommandLine;
using System.Globalization;
using AkkaCp.Cli.Display;
using AkkaCp.Engine;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp eval</c>: answers a file of questions greedily and counts the right answers.</summary>
internal static class EvalCommand
{
    private static readonly Argument<string> s_file = new Argument<string>("FILE")
    {
        Description = "JSON lines with question and answer, optionally reference_text.",
    }.TakesPath();

    private static readonly Option<int> s_parallel = new("--parallel")
    {
        Description = "Questions at once. Default 1.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<int?> s_limit = new("--limit") { Description = "Take the first N questions." };

    public static Command Create(CommandIo io)
    {
        var command = new Command("eval", "Answers questions greedily; prints how many are right.")
        {
            s_file, s_parallel, s_limit, CommonOptions.Json,
        };
        CommonOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var parallel = AtLeastOne("--parallel", parsed.GetValue(s_parallel));
        var limit = parsed.GetValue(s_limit) is { } given ? AtLeastOne("--limit", given) : int.MaxValue;
        var questions = EvalQuestion.Read(parsed.GetRequiredValue(s_file)).Take(limit).ToList();
        await using var progress = new ProgressDisplay(io);
        using var loggers = EngineFlags.Loggers(parsed);
        var options =
            EngineFlags.Read(parsed) with { LoggerFactory = loggers, LoadProgress = progress.Loading, ClusterWait = progress.Waiting };
        var engine = await InferenceEngine.StartAsync(options, cancellationToken).ConfigureAwait(false);
        await using var _ = engine.ConfigureAwait(false);

        var score = await Evaluation.RunAsync(
            engine, questions, parallel, done => progress.Step("questions", done, questions.Count), cancellationToken)
            .ConfigureAwait(false);
        await progress.EndAsync().ConfigureAwait(false);
        Print(io.Out, score, parsed.GetValue(CommonOptions.Json));
        return ErrorReport.Success;
    }

    private static void Print(TextWriter output, EvalScore score, bool asJson)
    {
        if (asJson)
        {
            JsonOutput.WriteLine(output, json =>
            {
                json.WriteNumber("right", score.Right);
                json.WriteNumber("total", score.Total);
                json.WriteNumber("identical", score.Identical);
                json.WriteNumber("with_reference", score.WithReference);
                json.WriteNumber("tokens_per_second", Math.Round(score.TokensPerSecond, 3));
            });
            return;
        }

        output.WriteLine($"right {score.Right} / {score.Total}");
        if (score.WithReference > 0)
            output.WriteLine($"identical to the reference {score.Identical} / {score.WithReference}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"tokens/s {score.TokensPerSecond:0.0}"));
    }

    private static int AtLeastOne(string option, int value) =>
        value >= 1 ? value : throw new UsageException($"{option}: expected at least 1, found {value}");
}
