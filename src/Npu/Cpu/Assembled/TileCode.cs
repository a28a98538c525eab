using System.Diagnostics.CodeAnalysis;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>All tiles of one <see cref="TileForm"/> as machine code, callable from any thread for the rest of the process.</summary>
internal sealed unsafe class TileCode : ProductTiles
{
    // A tile starts on a cache line.
    private const int Alignment = 64;

    private readonly TileForm _form;
    private readonly byte* _code;
    private readonly int[] _starts;

    private TileCode(TileForm form, byte* code, int length, int[] starts)
    {
        _form = form;
        _code = code;
        Length = length;
        _starts = starts;
    }

    /// <summary>First byte.</summary>
    public nint Address => (nint)_code;

    /// <summary>Bytes of code.</summary>
    public int Length { get; }

    /// <inheritdoc/>
    public override int MaxRows => _form.MaxRows;

    /// <inheritdoc/>
    public override int StepBytes => _form.StepBytes;

    /// <summary>Assembles the tiles: for each number of rows one that shares its panel, and one that is its block's only one.</summary>
    /// <param name="form">What the tiles compute.</param>
    /// <param name="memory">Where code comes to lie.</param>
    /// <param name="tiles">The tiles, or null when there is no executable memory.</param>
    /// <param name="refusal">Why not, or null.</param>
    public static bool TryAssemble(
        TileForm form, ICodeMemory memory, [NotNullWhen(true)] out TileCode? tiles, [NotNullWhen(false)] out string? refusal)
    {
        using var code = new MemoryStream();
        var starts = new int[2 * (form.MaxRows + 1)];
        for (var rows = 1; rows <= form.MaxRows; rows++)
        {
            starts[Index(rows, false)] = Append(code, form.Assemble(rows, 1, false));
            starts[Index(rows, true)] = Append(code, form.Assemble(rows, form.PanelsFor(rows), true));
        }

        tiles = memory.TryMap(code.ToArray(), out var address, out refusal)
            ? new TileCode(form, address, (int)code.Length, starts)
            : null;
        return tiles is not null;
    }

    /// <summary>Address of the tile of 1 to MaxRows rows: of 1 panel, or, where it is alone, of <see cref="PanelsFor"/> panels.</summary>
    public delegate* unmanaged<TileArguments*, void> this[int rows, bool alone] =>
        (delegate* unmanaged<TileArguments*, void>)(_code + _starts[Index(rows, alone)]);

    /// <inheritdoc/>
    public override int PanelsFor(int rows) => _form.PanelsFor(rows);

    /// <inheritdoc/>
    public override void Run(TileArguments* tile, int rows, bool alone) => this[rows, alone](tile);

    /// <inheritdoc/>
    public override void RunBriefly(TileArguments* tile, int rows) =>
        ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)(_code + _starts[Index(rows, alone: false)]))(tile);

    private static int Index(int rows, bool alone) => (2 * rows) + (alone ? 1 : 0);

    private static int Append(MemoryStream stream, byte[] code)
    {
        // int3 between tiles: a jump that misses its tile stops at once.
        while (stream.Length % Alignment != 0)
            stream.WriteByte(0xCC);

        var start = (int)stream.Length;
        stream.Write(code);
        return start;
    }
}
