using System.CommandLine;
using AkkaCp.Cli.Bench;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline;

namespace AkkaCp.Cli.Commands;

/// <summary>What the bench commands share.</summary>
internal static class BenchOptions
{
    /// <summary>Layouts to compare.</summary>
    public static Option<string> AttnCp { get; } = new("--attn-cp")
    {
        Description = "Sizes of the context-parallel group to compare in one run: 1,2.",
        DefaultValueFactory = _ => "1",
    };

    /// <summary>Runs that count.</summary>
    public static Option<int> Rounds { get; } = new("--rounds")
    {
        Description = "Rounds that count; one more warms up. Default 3.",
        DefaultValueFactory = _ => 3,
    };

    /// <summary>Adds what both commands have.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            CommonOptions.Model, CommonOptions.Dtype, CommonOptions.Activations, AttnCp, CommonOptions.Tp, CommonOptions.MoeDp,
            CommonOptions.Ep, CommonOptions.Threads, Rounds, CommonOptions.Json,
        })
        {
            command.Add(option);
        }
    }

    /// <summary>The model that the command line names.</summary>
    public static BenchModel Model(ParseResult parsed) => new(
        ModelDirectory.Find(parsed.GetValue(CommonOptions.Model)),
        (parsed.GetValue(CommonOptions.Dtype), parsed.GetValue(CommonOptions.Activations)) switch
        {
            ("float32", _) or (null, "f32") => DType.F32,
            ("bfloat16", not "f32") => DType.BF16,
            ("int8", not "f32") => DType.I8,
            ("int4", not "f32") => DType.Q4,
            (null, _) => (MatrixTypes?)null,
            var (dtype, _) => throw new UsageException($"--activations: expected auto with --dtype {dtype}, found f32"),
        });

    /// <summary>A layout for each size of the context-parallel group.</summary>
    /// <exception cref="UsageException">One cannot be, or cannot hold the model.</exception>
    public static IReadOnlyList<BenchLayout> Layouts(ParseResult parsed, BenchModel model)
    {
        var layouts = Positive("--attn-cp", parsed.GetValue(AttnCp)!).Select(attnCp => Layout(parsed, attnCp)).ToList();
        var problems = layouts.SelectMany(layout => layout.Topology.RunnableProblems()).ToList();
        if (problems.Count == 0)
        {
            problems.AddRange(layouts.SelectMany(layout => Enumerable.Range(0, layout.Topology.WorldSize)
                .SelectMany(rank => layout.Topology.ShardOf(rank).Problems(model.Config))));
        }

        return problems.Count == 0 ? layouts : throw new UsageException($"bench: {string.Join("; ", problems.Distinct())}");
    }

    /// <summary>Rounds, at least one.</summary>
    /// <exception cref="UsageException">Fewer.</exception>
    public static int RoundsOf(ParseResult parsed) => parsed.GetValue(Rounds) is var rounds and > 0
        ? rounds
        : throw new UsageException($"--rounds: expected 1 or more, found {parsed.GetValue(Rounds)}");

    /// <summary>Numbers of a list, each at least 1.</summary>
    /// <exception cref="UsageException">The list is empty, or a number is below 1.</exception>
    public static int[] Positive(string option, string text)
    {
        var numbers = IntegerList.Parse(option, text);
        return numbers.Length > 0 && numbers.All(number => number >= 1)
            ? numbers
            : throw new UsageException($"{option}: expected numbers of 1 or more with commas between them, found \"{text}\"");
    }

    /// <summary>Refuses what the model has no positions for.</summary>
    /// <exception cref="UsageException">A prompt is too long.</exception>
    public static void RequireContext(string option, long tokens, BenchModel model)
    {
        if (tokens > model.Config.MaxPositionEmbeddings)
        {
            throw new UsageException($"{option}: expected at most {model.Config.MaxPositionEmbeddings} tokens in all, the model's "
                + $"max_position_embeddings, found {tokens}");
        }
    }

    /// <summary>Says each round on stderr before it begins; that is where a bench that was cancelled ends.</summary>
    public static Action<string> Progress(CommandIo io, CancellationToken cancellationToken) => round =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        io.Error.WriteLine(round);
    };

    private static BenchLayout Layout(ParseResult parsed, int attnCp)
    {
        var topology = new RankTopology(
            parsed.GetValue(CommonOptions.Tp) ?? attnCp, attnCp, parsed.GetValue(CommonOptions.MoeDp) ?? attnCp,
            parsed.GetValue(CommonOptions.Ep) ?? 1);
        var threads = parsed.GetValue(CommonOptions.Threads) ?? Math.Max(1, Environment.ProcessorCount / Math.Max(1, topology.WorldSize));
        return threads >= 1
            ? new BenchLayout(topology, threads)
            : throw new UsageException($"--threads: expected 1 or more, found {threads}");
    }
}
