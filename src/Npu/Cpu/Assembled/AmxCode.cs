using System.Diagnostics.CodeAnalysis;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>AMX code of one product for all shapes, callable from any thread for the rest of the process.</summary>
internal sealed unsafe class AmxCode
{
    private readonly byte* _code;
    private readonly int[] _starts;

    private AmxCode(byte* code, int[] starts)
    {
        _code = code;
        _starts = starts;
    }

    /// <summary>Assembles and maps the code.</summary>
    /// <param name="product">BF16 or I8.</param>
    /// <param name="memory">Where code comes to lie.</param>
    /// <param name="tiles">The tiles that run it, or null when there is no executable memory.</param>
    /// <param name="refusal">Why not, or null.</param>
    public static bool TryAssemble(
        WordProduct product, ICodeMemory memory, [NotNullWhen(true)] out AmxTiles? tiles, [NotNullWhen(false)] out string? refusal)
    {
        using var code = new MemoryStream();
        var starts = new List<int>();
        foreach (var shape in Enum.GetValues<AmxShape>())
        {
            starts.Add((int)code.Length);
            code.Write(AmxTileAssembler.Assemble(product, shape));
        }

        tiles = memory.TryMap(code.ToArray(), out var address, out refusal)
            ? new AmxTiles(new AmxCode(address, [.. starts]).Call)
            : null;
        return tiles is not null;
    }

    private void Call(AmxShape shape, TileArguments* task) =>
        ((delegate* unmanaged<TileArguments*, void>)(_code + _starts[(int)shape]))(task);
}
