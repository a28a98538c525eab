using System.CommandLine;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp bench</c>: the speed of this machine's ranks beside the machine's limits.</summary>
internal static class BenchCommand
{
    public static Command Create(CommandIo io) => new("bench", "Measures prefill, decode or loading beside the machine's limits.")
    {
        BenchPrefillCommand.Create(io),
        BenchDecodeCommand.Create(io),
        BenchLoadCommand.Create(io),
    };
}
