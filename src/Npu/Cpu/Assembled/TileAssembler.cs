using System.Diagnostics;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What a tile does with a word of x and a word of each output's weights.</summary>
internal enum WordProduct
{
    /// <summary>y = fma(x, w, y): a word is one F32.</summary>
    F32,

    /// <summary>vdpbf16ps: a word is two BF16 values.</summary>
    BF16,

    /// <summary>vpdpbusd: a word is four bytes, unsigned of x, signed of the weights; sums are 32-bit integers that wrap around.</summary>
    I8,

    /// <summary>
    /// BF16, and for each 64 words y = fma(sum, scale, y), their sum from zero on: Y holds what sums are added to, Ahead the scales of
    /// 32 outputs for each 64 words. Words are a multiple of four.
    /// </summary>
    ScaledBF16,
}

/// <summary>
/// Assembles y[t, n] = start[t, n] ⊕ x[t, 0]·w[n, 0] ⊕ x[t, 1]·w[n, 1] … for t of a few rows and n of 32 outputs in each of 1, 2 or 4
/// neighbouring panels; a word of x is broadcast to all lanes and used once for each vector of weights.
/// <para>The tallest tile, 14 rows × 1 panel, keeps 28 sums, 2 vectors of weights and 2 broadcasts in the 32 registers: 16 loads
/// for 28 products in a step, so that the two units for products are the limit, not the two for loads. Few rows have too few
/// sums in one panel to hide the product's latency and too few streams to fill the memory bus: they take 2 or 4 panels.</para>
/// <para>System V calling convention, the address of <see cref="TileArguments"/> in rdi. Only registers that a callee may change
/// are used, and nothing is pushed.</para>
/// </summary>
internal sealed class TileAssembler
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 14;

    /// <summary>Bytes of a step's weights in one panel.</summary>
    public const int StepBytes = 128;

    /// <summary>Words that share a scale in <see cref="WordProduct.ScaledBF16"/>.</summary>
    public const int ScaleWords = DTypes.F8Inputs / 2;

    // How far ahead few rows ask for theirs: about a memory latency of reading.
    private const int FetchAhead = 2048;

    private static readonly AssemblerRegisterZMM[] s_zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private readonly Assembler _asm = new(64);
    private readonly WordProduct _product;
    private readonly int _rows;
    private readonly int _panels;
    private readonly bool _alone;

    private TileAssembler(WordProduct product, int rows, int panels, bool alone)
    {
        Debug.Assert(rows * panels * 2 <= 28 && (panels == 1 || rows <= 6) && (panels < 4 || rows == 1), "registers");
        (_product, _rows, _panels, _alone) = (product, rows, panels, alone);
    }

    private int Vectors => 2 * _panels;

    private int FetchBytes => _alone ? StepBytes : StepBytes / 2;

    // A single row uses each vector of weights once, straight from memory.
    private bool WeightsInRegisters => _rows > 1;

    /// <summary>Panels that a tile of <paramref name="rows"/> rows takes at once.</summary>
    public static int PanelsFor(WordProduct product, int rows) =>
        product == WordProduct.ScaledBF16 ? 1 : rows switch { 1 => 4, <= 6 => 2, _ => 1 };

    /// <summary>Machine code of one tile.</summary>
    /// <param name="product">What a word means.</param>
    /// <param name="rows">1 to 14; with 2 panels at most 6, with 4 panels 1.</param>
    /// <param name="panels">1, 2 or 4.</param>
    /// <param name="alone">With 1 panel: asks for all of the next panel, not for half of it, as no other tile of the block does.</param>
    public static byte[] Assemble(WordProduct product, int rows, int panels, bool alone = false)
    {
        var tile = new TileAssembler(product, rows, panels, alone);
        if (product == WordProduct.ScaledBF16)
            tile.ScaledLoop();
        else
            tile.PlainLoop();

        tile._asm.vzeroupper();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void PlainLoop()
    {
        LoadSums();
        LoadPointers();
        Loop(unroll: _rows > 7 ? 2 : 4);
        StoreSums();
    }

    // r10 counts up; the scales are where other tiles have what comes next.
    private void ScaledLoop()
    {
        LoadPointers();
        _asm.xor(r10, r10);
        var (block, steps, end) = (_asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel());
        _asm.Label(ref block);
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
                _asm.vpxord(Sum(row, v), Sum(row, v), Sum(row, v));
        }

        _asm.Label(ref steps);
        Steps(4);
        _asm.add(r10, 4);
        _asm.test(r10, ScaleWords - 1);
        _asm.jz(end);
        _asm.cmp(r10, Field(nameof(TileArguments.Count)));
        _asm.jl(steps);
        _asm.Label(ref end);
        AddScaled();
        _asm.cmp(r10, Field(nameof(TileArguments.Count)));
        _asm.jl(block);
    }

    // y = fma(sum, scale, y). rcx and r8 are a row of y and its stride meanwhile.
    private void AddScaled()
    {
        for (var v = 0; v < Vectors; v++)
            _asm.vmovups(Weight(v), __zmmword_ptr[r11 + (64 * v)]);

        _asm.add(r11, StepBytes);
        _asm.mov(rcx, Field(nameof(TileArguments.Y)));
        _asm.mov(r8, Field(nameof(TileArguments.YStride)));
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
            {
                _asm.vfmadd213ps(Sum(row, v), Weight(v), __zmmword_ptr[rcx + (64 * v)]);
                _asm.vmovups(__zmmword_ptr[rcx + (64 * v)], Sum(row, v));
            }

            _asm.add(rcx, r8);
        }

        LoadStrides();
    }

    private void LoadSums()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.Start)));
        _asm.mov(rax, Field(nameof(TileArguments.StartStride)));
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
                _asm.vmovups(Sum(row, v), __zmmword_ptr[rsi + (64 * v)]);

            _asm.add(rsi, rax);
        }
    }

    // rsi: row 0, rdx: row 7 or bytes between panels; rax, rcx, r8: 1, 3 and 5 row strides; r9: weights; r10: steps; r11: ahead.
    private void LoadPointers()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        LoadStrides();
        if (_panels == 1)
        {
            _asm.lea(rdx, __[rsi + rax]);
            _asm.lea(rdx, __[rdx + (rcx * 2)]);
        }
        else
        {
            _asm.mov(rdx, Field(nameof(TileArguments.PanelBytes)));
            if (_panels == 4)
                _asm.lea(rcx, __[rdx + (rdx * 2)]);
        }

        _asm.mov(r9, Field(nameof(TileArguments.Panel)));
        _asm.mov(r10, Field(nameof(TileArguments.Count)));
        _asm.mov(r11, Field(nameof(TileArguments.Ahead)));
    }

    private void LoadStrides()
    {
        _asm.lea(rcx, __[rax + (rax * 2)]);
        _asm.lea(r8, __[rax + (rax * 4)]);
    }

    // Whole groups of steps, then what is left one by one. r10 counts down, kept below zero by one group while testing.
    private void Loop(int unroll)
    {
        var (groups, rest, single, done) = (_asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel());
        _asm.sub(r10, unroll);
        _asm.jl(rest);
        _asm.Label(ref groups);
        Steps(unroll);
        _asm.sub(r10, unroll);
        _asm.jge(groups);
        _asm.Label(ref rest);
        _asm.add(r10, unroll);
        _asm.jz(done);
        _asm.Label(ref single);
        Steps(1);
        _asm.dec(r10);
        _asm.jnz(single);
        _asm.Label(ref done);
        _asm.nop();
    }

    private void Steps(int count)
    {
        for (var step = 0; step < count; step++)
            Step(step);

        _asm.add(rsi, 4 * count);
        if (_panels == 1)
            _asm.add(rdx, 4 * count);

        if (_panels == 1 && _product != WordProduct.ScaledBF16)
            _asm.add(r11, FetchBytes * count);

        _asm.add(r9, StepBytes * count);
    }

    private void Step(int step)
    {
        if (_product != WordProduct.ScaledBF16)
            Fetch(step);

        for (var v = 0; WeightsInRegisters && v < Vectors; v++)
            _asm.vmovups(Weight(v), WeightInMemory(step, v, 0));

        for (var row = 0; row < _rows; row++)
        {
            // Two in turn, so that a broadcast need not wait for the products of the row before.
            var x = s_zmm[30 + (row % 2)];
            _asm.vbroadcastss(x, Word(row, 4 * step));
            for (var v = 0; v < Vectors; v++)
                Multiply(row, v, x, step);
        }
    }

    private void Fetch(int step)
    {
        if (_panels == 1)
        {
            for (var line = 0; line < FetchBytes; line += 64)
                _asm.prefetcht1(__byte_ptr[r11 + (FetchBytes * step) + line]);

            return;
        }

        for (var v = 0; v < Vectors; v++)
            _asm.prefetcht0(WeightInMemory(step, v, FetchAhead));
    }

    private void Multiply(int row, int v, AssemblerRegisterZMM x, int step)
    {
        switch (_product)
        {
            case WordProduct.F32 when WeightsInRegisters:
                _asm.vfmadd231ps(Sum(row, v), x, Weight(v));
                break;
            case WordProduct.F32:
                _asm.vfmadd231ps(Sum(row, v), x, WeightInMemory(step, v, 0));
                break;
            case WordProduct.BF16 or WordProduct.ScaledBF16 when WeightsInRegisters:
                _asm.vdpbf16ps(Sum(row, v), x, Weight(v));
                break;
            case WordProduct.I8 when WeightsInRegisters:
                _asm.vpdpbusd(Sum(row, v), x, Weight(v));
                break;
            case WordProduct.I8:
                _asm.vpdpbusd(Sum(row, v), x, WeightInMemory(step, v, 0));
                break;
            default:
                _asm.vdpbf16ps(Sum(row, v), x, WeightInMemory(step, v, 0));
                break;
        }
    }

    private void StoreSums()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.Y)));
        _asm.mov(rax, Field(nameof(TileArguments.YStride)));
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
                _asm.vmovups(__zmmword_ptr[rsi + (64 * v)], Sum(row, v));

            _asm.add(rsi, rax);
        }
    }

    private AssemblerRegisterZMM Sum(int row, int v) => s_zmm[(row * Vectors) + v];

    private AssemblerRegisterZMM Weight(int v) => s_zmm[(_rows * Vectors) + v];

    private static AssemblerMemoryOperand WeightInMemory(int step, int v, int ahead)
    {
        var offset = (StepBytes * step) + (64 * (v % 2)) + ahead;
        return (v / 2) switch
        {
            0 => __zmmword_ptr[r9 + offset],
            1 => __zmmword_ptr[r9 + rdx + offset],
            2 => __zmmword_ptr[r9 + (rdx * 2) + offset],
            _ => __zmmword_ptr[r9 + rcx + offset],
        };
    }

    private static AssemblerMemoryOperand Word(int row, int offset) => __dword_ptr[Place(row < 7 ? rsi : rdx, row % 7, offset)];
}
