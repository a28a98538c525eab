using System.Diagnostics;
using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles the tiles of processors with 16 registers of 256 bits: F32 weights and fused multiply-adds; BF16 weights in
/// <see cref="BF16Packing.Halves"/>, widened on the way, with x in F32; I8 weights with AVX-VNNI's vpdpbusd.
/// <para>The tallest tile, 6 rows, goes over its panel in two passes of 16 outputs: 12 sums hide the latency of two units, beside them
/// are 2 vectors of weights and 2 broadcasts of x, and 8 loads serve 12 products. Fewer rows take all 32 outputs in one pass, a
/// single row two panels, so that there are sums enough and a line of weights is read once.</para>
/// <para>Arguments, calling convention and registers as <see cref="TileAssembler"/>'s.</para>
/// </summary>
internal sealed class YmmTileAssembler
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 6;

    private const int PanelVectors = 4;
    private const int Unroll = 4;
    private const int FetchAhead = 2048;

    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15];

    private readonly Assembler _asm = new(64);
    private readonly WordProduct _product;
    private readonly int _rows;
    private readonly int _panels;
    private readonly bool _alone;

    private YmmTileAssembler(WordProduct product, int rows, int panels, bool alone)
    {
        Debug.Assert(rows <= MaxRows && (panels == 1 || (panels == 2 && rows == 1)), "registers");
        (_product, _rows, _panels, _alone) = (product, rows, panels, alone);
    }

    private int StepBytes => StepBytesOf(_product);

    private int Passes => PanelVectors * _panels / PassVectors;

    // Passes share it evenly, so that the memory is busy all the time.
    private int FetchBytes => (_alone ? StepBytes : StepBytes / 2) / Passes;

    // BF16 keeps a mask and both halves of a word in registers, so that only two rows leave room for 32 outputs.
    private int PassVectors => _rows <= (_product == WordProduct.BF16 ? 2 : 3) ? PanelVectors * _panels : 2;

    /// <summary>Panels that a tile of <paramref name="rows"/> rows takes at once.</summary>
    public static int PanelsFor(int rows) => rows == 1 ? 2 : 1;

    /// <summary>Bytes of a panel for one word of x, which is one F32 for BF16 weights too.</summary>
    public static int StepBytesOf(WordProduct product) => product == WordProduct.BF16 ? 64 : 128;

    /// <summary>Machine code of one tile.</summary>
    /// <param name="product">What a word means.</param>
    /// <param name="rows">1 to 6.</param>
    /// <param name="panels">1; with one row 2.</param>
    /// <param name="alone">With 1 panel: asks for all of the next panel, not for half of it, as no other tile of the block does.</param>
    public static byte[] Assemble(WordProduct product, int rows, int panels, bool alone)
    {
        var tile = new YmmTileAssembler(product, rows, panels, alone);
        for (var first = 0; first < PanelVectors * panels; first += tile.PassVectors)
            tile.Pass(first);

        tile._asm.vzeroupper();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void Pass(int first)
    {
        MoveSums(nameof(TileArguments.Start), nameof(TileArguments.StartStride), first, (sum, memory) => _asm.vmovups(sum, memory));
        LoadPointers(first);
        if (_product == WordProduct.BF16)
        {
            _asm.vpcmpeqd(ymm15, ymm15, ymm15);
            _asm.vpslld(ymm15, ymm15, 16);
        }

        Loop(first);
        MoveSums(nameof(TileArguments.Y), nameof(TileArguments.YStride), first, (sum, memory) => _asm.vmovups(memory, sum));
    }

    private void MoveSums(string start, string stride, int first, Action<AssemblerRegisterYMM, AssemblerMemoryOperand> move)
    {
        _asm.mov(rsi, Field(start));
        _asm.mov(rax, Field(stride));
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < PassVectors; v++)
                move(Sum(row, v), __ymmword_ptr[rsi + OutputBytes(first + v)]);

            _asm.add(rsi, rax);
        }
    }

    // Where a vector's outputs lie in a row of y. The halves of a BF16 word are outputs j and j + 16.
    private int OutputBytes(int v) => _product == WordProduct.BF16
        ? (v / PanelVectors * 128) + (v % 2 * 64) + (v % PanelVectors / 2 * 32)
        : 32 * v;

    // rsi: rows; rax, rcx, r8: 1, 3 and 5 row strides; rdx: bytes between panels; r9: weights; r10: steps; r11: ahead, which goes on from
    // pass to pass.
    private void LoadPointers(int first)
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        _asm.lea(rcx, __[rax + (rax * 2)]);
        _asm.lea(r8, __[rax + (rax * 4)]);
        _asm.mov(rdx, Field(nameof(TileArguments.PanelBytes)));
        _asm.mov(r9, Field(nameof(TileArguments.Panel)));
        _asm.mov(r10, Field(nameof(TileArguments.Count)));
        if (first == 0)
            _asm.mov(r11, Field(nameof(TileArguments.Ahead)));
    }

    // Whole groups of steps, then what is left one by one. r10 counts down, kept below zero by one group while testing.
    private void Loop(int first)
    {
        var (groups, rest, single, done) = (_asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel());
        _asm.sub(r10, Unroll);
        _asm.jl(rest);
        _asm.Label(ref groups);
        Steps(Unroll, first);
        _asm.sub(r10, Unroll);
        _asm.jge(groups);
        _asm.Label(ref rest);
        _asm.add(r10, Unroll);
        _asm.jz(done);
        _asm.Label(ref single);
        Steps(1, first);
        _asm.dec(r10);
        _asm.jnz(single);
        _asm.Label(ref done);
        _asm.nop();
    }

    private void Steps(int count, int first)
    {
        for (var step = 0; step < count; step++)
        {
            Fetch(step, count);
            Step(step, first);
        }

        _asm.add(rsi, 4 * count);
        _asm.add(r9, StepBytes * count);
        _asm.add(r11, FetchBytes * count);
    }

    // One panel: lines of the next one. Two panels: their own lines, some steps ahead.
    private void Fetch(int step, int count)
    {
        if (_panels == 1)
        {
            for (var line = step * FetchBytes; line < (step + 1) * FetchBytes; line += 64 - (line % 64))
            {
                // Where a step's share is part of a line, only some steps of a group ask for one.
                if (line % 64 == 0 && (count > 1 || FetchBytes >= 64))
                    _asm.prefetcht1(__byte_ptr[r11 + line]);
            }

            return;
        }

        for (var line = 0; line < StepBytes; line += 64)
        {
            _asm.prefetcht0(__byte_ptr[r9 + ((StepBytes * step) + line + FetchAhead)]);
            _asm.prefetcht0(__byte_ptr[r9 + rdx + ((StepBytes * step) + line + FetchAhead)]);
        }
    }

    private void Step(int step, int first)
    {
        if (_product == WordProduct.BF16)
            StepBF16(step, first);
        else if (PassVectors == 2)
            StepTall(step, first);
        else
            StepWide(step, first);
    }

    // Two vectors of weights, each row's word after the other.
    private void StepTall(int step, int first)
    {
        _asm.vmovups(ymm12, Weights(step, first));
        _asm.vmovups(ymm13, Weights(step, first + 1));
        for (var row = 0; row < _rows; row++)
        {
            // Two in turn, so that a broadcast need not wait for the products of the row before.
            var x = s_ymm[14 + (row % 2)];
            _asm.vbroadcastss(x, Word(row, 4 * step));
            Multiply(Sum(row, 0), x, ymm12);
            Multiply(Sum(row, 1), x, ymm13);
        }
    }

    // The rows' words, each vector of weights after the other.
    private void StepWide(int step, int first)
    {
        for (var row = 0; row < _rows; row++)
            _asm.vbroadcastss(s_ymm[13 + row], Word(row, 4 * step));

        for (var v = 0; v < PassVectors; v++)
        {
            _asm.vmovups(ymm12, Weights(step, first + v));
            for (var row = 0; row < _rows; row++)
                Multiply(Sum(row, v), s_ymm[13 + row], ymm12);
        }
    }

    // ymm15 masks; a load gives two vectors, the lower halves of eight words shifted up and the upper ones as they stand.
    private void StepBF16(int step, int first)
    {
        for (var v = 0; v < PassVectors; v += 2)
        {
            _asm.vmovups(ymm13, Weights(step, first + v));
            _asm.vpslld(ymm12, ymm13, 16);
            _asm.vpand(ymm13, ymm13, ymm15);
            for (var row = 0; row < _rows; row++)
            {
                _asm.vbroadcastss(ymm14, Word(row, 4 * step));
                Multiply(Sum(row, v), ymm14, ymm12);
                Multiply(Sum(row, v + 1), ymm14, ymm13);
            }
        }
    }

    private void Multiply(AssemblerRegisterYMM sum, AssemblerRegisterYMM x, AssemblerRegisterYMM weights)
    {
        if (_product == WordProduct.I8)
            _asm.vpdpbusd(sum, x, weights);
        else
            _asm.vfmadd231ps(sum, x, weights);
    }

    private AssemblerRegisterYMM Sum(int row, int v) => s_ymm[(row * PassVectors) + v];

    private AssemblerMemoryOperand Weights(int step, int v)
    {
        var offset = (StepBytes * step) + (_product == WordProduct.BF16 ? v % PanelVectors / 2 * 32 : v % PanelVectors * 32);
        return v < PanelVectors ? __ymmword_ptr[r9 + offset] : __ymmword_ptr[r9 + rdx + offset];
    }

    private static AssemblerMemoryOperand Word(int row, int offset) => __dword_ptr[Place(rsi, row, offset)];
}
