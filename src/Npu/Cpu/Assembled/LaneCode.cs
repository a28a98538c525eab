using System.Diagnostics.CodeAnalysis;
using Iced.Intel;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Both products of attention for up to 8 rows that see the same keys, as machine code, over an F32 or a BF16 cache, callable from any
/// thread for the rest of the process. Calls take a microsecond, so they go without the transition that lets the runtime stop the thread.
/// </summary>
internal sealed unsafe class LaneCode
{
    // Code starts on a cache line.
    private const int Alignment = 64;
    private const int Scores = 2 * (LaneScoreAssembler.MaxKeys + 1);

    private readonly byte* _code;
    private readonly int[] _starts;

    private LaneCode(byte* code, int[] starts)
    {
        _code = code;
        _starts = starts;
    }

    /// <summary>Assembles and maps the code.</summary>
    /// <param name="memory">Where code comes to lie.</param>
    /// <param name="lanes">The code, or null when there is no executable memory.</param>
    /// <param name="refusal">Why not, or null.</param>
    public static bool TryAssemble(
        ICodeMemory memory, [NotNullWhen(true)] out LaneCode? lanes, [NotNullWhen(false)] out string? refusal)
    {
        using var code = new MemoryStream();
        var starts = new int[Scores + 4];
        foreach (var bf16 in new[] { false, true })
        {
            for (var keys = 1; keys <= LaneScoreAssembler.MaxKeys; keys++)
                starts[ScoreIndex(keys, bf16)] = Append(code, asm => LaneScoreAssembler.Assemble(asm, keys, bf16));

            for (var halves = 1; halves <= 2; halves++)
                starts[SumIndex(halves, bf16)] = Append(code, asm => LaneSumAssembler.Assemble(asm, halves, bf16));
        }

        lanes = memory.TryMap(code.ToArray(), out var address, out refusal) ? new LaneCode(address, starts) : null;
        return lanes is not null;
    }

    /// <summary>Scores of 1 to <see cref="LaneScoreAssembler.MaxKeys"/> keys for 8 rows.</summary>
    public void Score(LaneArguments* task, int keys, bool bf16) => Call(task, ScoreIndex(keys, bf16));

    /// <summary>Sums of values for one or two times 4 rows.</summary>
    public void Sum(LaneArguments* task, int halves, bool bf16) => Call(task, SumIndex(halves, bf16));

    private static int ScoreIndex(int keys, bool bf16) => (2 * keys) + (bf16 ? 1 : 0);

    private static int SumIndex(int halves, bool bf16) => Scores + (2 * (halves - 1)) + (bf16 ? 1 : 0);

    private static int Append(MemoryStream stream, Action<Assembler> assemble)
    {
        while (stream.Length % Alignment != 0)
            stream.WriteByte(0xCC);

        var start = (int)stream.Length;
        var asm = new Assembler(64);
        assemble(asm);
        asm.Assemble(new StreamCodeWriter(stream), 0);
        return start;
    }

    private void Call(LaneArguments* task, int index) =>
        ((delegate* unmanaged[SuppressGCTransition]<LaneArguments*, void>)(_code + _starts[index]))(task);
}
