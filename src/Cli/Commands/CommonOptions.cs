using System.CommandLine;

namespace AkkaCp.Cli.Commands;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<string?> Model { get; } =
        new Option<string?>("--model") { Description = "Model directory or GGUF file. Default: the demo model." }.TakesPath();

    public static Option<string?> Config { get; } = new Option<string?>("--config") { Description = "HOCON file." }.TakesPath();

    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "Overrides a configuration key: --set akka-cp.scheduler.chunk-tokens=64. May be repeated.",
        DefaultValueFactory = _ => [],
    };

    public static Option<string?> Dtype { get; } =
        Among("--dtype", "Type of the weights in memory.", "float32", "bfloat16", "int8", "int4");

    public static Option<string?> Activations { get; } = Among(
        "--activations", "What products take of activations: as the weights ask for, or float32 over weights in float32.", "auto", "f32");

    public static Option<int?> Tp { get; } = new("--tp") { Description = "Ranks in all. Default: attn-cp." };

    public static Option<int?> AttnCp { get; } = new("--attn-cp")
    {
        Description = "Ranks that share a prompt's tokens. Default: 2, or the configuration's when no layout option is given.",
    };

    public static Option<int?> MoeDp { get; } =
        new("--moe-dp") { Description = "Groups that run experts on their own rows. Default: attn-cp." };

    public static Option<int?> Ep { get; } = new("--ep") { Description = "Ranks that share the experts. Default: 1." };

    public static Option<int?> Threads { get; } =
        new("--threads") { Description = "Computing threads of each rank. Default: the cores divided among the ranks." };

    public static Option<int?> Chunk { get; } =
        new("--chunk") { Description = "Prompt tokens of one step at most; 0 does not divide prompts." };

    public static Option<int?> MinCpTokens { get; } =
        new("--min-cp-tokens") { Description = "Shortest extend that is split over the context-parallel ranks, in tokens." };

    public static Option<bool> Json { get; } = new("--json") { Description = "Print one JSON object." };

    /// <summary>Whether a command that has a picture shows it: to a person who did not ask for JSON.</summary>
    public static bool WantsPicture(ParseResult parsed, CommandIo io) => io.OutputIsTerminal && !parsed.GetValue(Json);

    /// <summary>What every command that starts an engine has.</summary>
    public static IReadOnlyList<Option> OfEngine { get; } =
        [Model, Config, Set, Dtype, Activations, Tp, AttnCp, MoeDp, Ep, Threads, Chunk, MinCpTokens];

    /// <summary>Adds them to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in OfEngine)
            command.Add(option);
    }

    internal static Option<string?> Among(string name, string description, params string[] values)
    {
        var option = new Option<string?>(name) { Description = description };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
