using System.CommandLine;
using AkkaCp.Cli.Commands;

namespace AkkaCp.Cli;

/// <summary>All commands.</summary>
internal static class CommandTree
{
    // A node serves others; the result of the others is files, or where --output says.
    private static readonly string[] s_outliveTheirReader =
        [NodeCommand.Name, ServeCommand.Name, SynthCommand.Name, QuantizeCommand.Name, LogitsCommand.Name];

    /// <summary>Asks for stack traces; every command has it.</summary>
    public static Option<bool> Verbose { get; } =
        new("--verbose") { Description = "Log to stderr, and show the stack trace of an error.", Recursive = true };

    /// <summary>Whether standard output is all that a command is for, so that it has nothing to do when nobody reads that.</summary>
    public static bool EndsWithItsReader(ParseResult parsed) => !s_outliveTheirReader.Contains(parsed.CommandResult.Command.Name);

    /// <summary>The root command on some streams.</summary>
    public static RootCommand Build(CommandIo io) => new("Qwen3-MoE with context-parallel prefill, on ordinary machines.")
    {
        Verbose,
        RunCommand.Create(io),
        ServeCommand.Create(io),
        EvalCommand.Create(io),
        LogitsCommand.Create(io),
        PlanCommand.Create(io),
        TopologyCommand.Create(io),
        TokenizeCommand.Create(io),
        RenderCommand.Create(io),
        SynthCommand.Create(io),
        QuantizeCommand.Create(io),
        BenchCommand.Create(io),
        NodeCommand.Create(io),
        CheckCommand.Create(io),
    };
}
