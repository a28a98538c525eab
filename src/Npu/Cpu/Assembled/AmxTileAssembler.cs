using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles tiles on AMX: y[t, n] = start[t, n] ⊕ the products of steps of 16 words, each one tdpbf16ps or tdpbusd for 16 rows × 16
/// outputs. A panel's 128 bytes for each word are what the instructions take as their second source: 16 words of 16 outputs, 128 bytes
/// apart, two such tiles side by side. Rows of x are read as they lie.
/// <para>Four tile registers hold sums, so that their latency of about three products is hidden; each row tile and each weight tile of
/// <see cref="AmxShape.Tall"/> is loaded once for two products.</para>
/// <para>Arguments and calling convention as <see cref="TileAssembler"/>'s; Count counts steps, all of the words that Config says.</para>
/// </summary>
internal sealed class AmxTileAssembler
{
    private static readonly AssemblerRegisterTMM[] s_sums = [tmm0, tmm1, tmm2, tmm3];
    private static readonly AssemblerRegisterTMM[] s_weights = [tmm6, tmm7];

    private readonly Assembler _asm = new(64);
    private readonly WordProduct _product;
    private readonly AmxShape _shape;

    private AmxTileAssembler(WordProduct product, AmxShape shape) => (_product, _shape) = (product, shape);

    // Sums side by side in a row of y.
    private int Columns => _shape == AmxShape.Wide ? 4 : 2;

    /// <summary>Machine code for one shape.</summary>
    /// <param name="product">BF16 or I8.</param>
    /// <param name="shape">What it covers.</param>
    public static byte[] Assemble(WordProduct product, AmxShape shape)
    {
        if (product is not (WordProduct.BF16 or WordProduct.I8))
            throw new ArgumentOutOfRangeException(nameof(product), product, "AMX multiplies BF16 and I8.");

        var tile = new AmxTileAssembler(product, shape);
        tile.Configure();
        tile.MoveSums(nameof(TileArguments.Start), nameof(TileArguments.StartStride), tile._asm.tileloadd);
        tile.Loop();
        tile.MoveSums(nameof(TileArguments.Y), nameof(TileArguments.YStride), (sum, memory) => tile._asm.tilestored(memory, sum));
        tile._asm.tilerelease();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void Configure()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.Config)));
        _asm.ldtilecfg(__[rsi]);
    }

    private void MoveSums(string start, string stride, Action<AssemblerRegisterTMM, AssemblerMemoryOperand> move)
    {
        _asm.mov(rsi, Field(start));
        _asm.mov(rax, Field(stride));
        for (var column = 0; column < Columns; column++)
            move(s_sums[column], __[rsi + rax + (64 * column)]);

        if (_shape == AmxShape.Tall)
        {
            RowsFrom16(rsi);
            move(tmm2, __[rdx + rax]);
            move(tmm3, __[rdx + rax + 64]);
        }
    }

    // rdx = rows + 16 · rax.
    private void RowsFrom16(AssemblerRegister64 rows)
    {
        _asm.mov(rdx, rax);
        _asm.shl(rdx, 4);
        _asm.add(rdx, rows);
    }

    // rsi and rdx: rows; rax: bytes between them; r9 and r8: panels; rcx: bytes between a panel's words; r10: steps.
    private void Loop()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        RowsFrom16(rsi);
        _asm.mov(r9, Field(nameof(TileArguments.Panel)));
        _asm.mov(r8, Field(nameof(TileArguments.PanelBytes)));
        _asm.add(r8, r9);
        _asm.mov(ecx, TileAssembler.StepBytes);
        _asm.mov(r10, Field(nameof(TileArguments.Count)));
        var loop = _asm.CreateLabel();
        _asm.Label(ref loop);
        Step();
        _asm.add(rsi, 4 * AmxTileConfig.MaxWords);
        _asm.add(rdx, 4 * AmxTileConfig.MaxWords);
        _asm.add(r9, TileAssembler.StepBytes * AmxTileConfig.MaxWords);
        _asm.add(r8, TileAssembler.StepBytes * AmxTileConfig.MaxWords);
        _asm.dec(r10);
        _asm.jnz(loop);
    }

    private void Step()
    {
        _asm.tileloadd(tmm4, __[rsi + rax]);
        for (var column = 0; column < Columns; column++)
        {
            var weights = s_weights[column % 2];
            _asm.tileloadd(weights, __[(column < 2 ? r9 : r8) + rcx + (64 * (column % 2))]);
            Multiply(s_sums[column], tmm4, weights);
        }

        if (_shape == AmxShape.Tall)
        {
            _asm.tileloadd(tmm5, __[rdx + rax]);
            Multiply(tmm2, tmm5, tmm6);
            Multiply(tmm3, tmm5, tmm7);
        }
    }

    private void Multiply(AssemblerRegisterTMM sum, AssemblerRegisterTMM x, AssemblerRegisterTMM weights)
    {
        if (_product == WordProduct.BF16)
        {
            _asm.tdpbf16ps(sum, x, weights);
        }
        else
        {
            // x is unsigned, q + 128, as the other tiles take it; sums wrap around.
            _asm.tdpbusd(sum, x, weights);
        }
    }
}
