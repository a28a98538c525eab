using System.Diagnostics;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles tiles with I8 weights for processors with AVX2 and no VNNI: y[t, n] = start[t, n] + Σ |x|·(w ^ m). Rows
/// have |x| and then m of 32 inputs next to each other; products as <see cref="YmmByteSteps"/> makes them.
/// <para>Arguments, calling convention and general registers as <see cref="YmmTileAssembler"/>'s, but r10: weights, r9: words.</para>
/// </summary>
internal sealed class YmmI8TileAssembler
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 5;

    /// <summary>Bytes of a step's weights.</summary>
    public const int StepBytes = YmmRows.StepBytes;

    /// <summary>Bytes of a row for 32 inputs.</summary>
    public const int ChunkBytes = 64;

    private const int Steps = 8;
    private const int Vector = YmmRows.VectorBytes;
    private const int Line = 64;

    private readonly Assembler _asm = new(64);
    private readonly int _rows;
    private readonly bool _alone;
    private readonly YmmRows _registers;
    private readonly YmmByteSteps _steps;

    private YmmI8TileAssembler(int rows, bool alone)
    {
        Debug.Assert(rows is >= 1 and <= MaxRows, "registers");
        (_rows, _alone, _registers) = (rows, alone, new YmmRows(rows));
        _steps = new YmmByteSteps(
            _asm, rows, (weights, _, step, v) => _asm.vmovdqu(weights, __ymmword_ptr[r10 + ((step * StepBytes) + (v * Vector))]));
    }

    /// <summary>Machine code of one tile.</summary>
    /// <param name="rows">1 to 5.</param>
    /// <param name="alone">What it asks for ahead is its own; else half of what comes next, which another tile does, too.</param>
    public static byte[] Assemble(int rows, bool alone)
    {
        var tile = new YmmI8TileAssembler(rows, alone);
        for (var first = 0; first < YmmRows.PanelVectors; first += tile._registers.Vectors)
            tile.Pass(first);

        tile._asm.vzeroupper();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void Pass(int first)
    {
        MoveSums(nameof(TileArguments.Start), nameof(TileArguments.StartStride), first, (sum, memory) => _asm.vmovdqu(sum, memory));
        LoadPointers(first);
        _asm.vpcmpeqw(ymm10, ymm10, ymm10);
        _asm.vpsrlw(ymm10, ymm10, 15);
        Loop(first);
        MoveSums(nameof(TileArguments.Y), nameof(TileArguments.YStride), first, (sum, memory) => _asm.vmovdqu(memory, sum));
    }

    private void MoveSums(string start, string stride, int first, Action<AssemblerRegisterYMM, AssemblerMemoryOperand> move)
    {
        _asm.mov(rsi, Field(start));
        _asm.mov(rax, Field(stride));
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < _registers.Vectors; v++)
                move(_registers.Sum(row, v), __ymmword_ptr[rsi + (Vector * (first + v))]);

            _asm.add(rsi, rax);
        }
    }

    private void LoadPointers(int first)
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        _asm.lea(rcx, __[rax + (rax * 2)]);
        _asm.lea(r8, __[rax + (rax * 4)]);
        _asm.mov(r10, Field(nameof(TileArguments.Panel)));
        _asm.mov(r9, Field(nameof(TileArguments.Count)));
        if (first == 0)
            _asm.mov(r11, Field(nameof(TileArguments.Ahead)));
    }

    // Whole vectors of x, then the words of the last one. r9 counts down, kept below zero by one vector while testing.
    private void Loop(int first)
    {
        var (whole, rest, single, done) = (_asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel(), _asm.CreateLabel());
        _asm.sub(r9, Steps);
        _asm.jl(rest);
        _asm.Label(ref whole);
        for (var step = 0; step < Steps; step++)
        {
            Fetch(step, FetchBytes(first));
            Multiply(step, first);
        }

        _asm.add(rsi, ChunkBytes);
        _asm.add(r10, Steps * StepBytes);
        _asm.add(r11, Steps * FetchBytes(first));
        _asm.sub(r9, Steps);
        _asm.jge(whole);
        _asm.Label(ref rest);
        _asm.add(r9, Steps);
        _asm.jz(done);
        _asm.Label(ref single);
        Multiply(0, first);
        _asm.add(rsi, sizeof(int));
        _asm.add(r10, StepBytes);
        _asm.dec(r9);
        _asm.jnz(single);
        _asm.Label(ref done);
        _asm.nop();
    }

    private void Fetch(int step, int bytes)
    {
        for (var at = step * bytes; at < (step + 1) * bytes; at += Line - (at % Line))
        {
            if (at % Line != 0)
                continue;

            if (_alone)
                _asm.prefetcht0(__byte_ptr[r11 + at]);
            else
                _asm.prefetcht1(__byte_ptr[r11 + at]);
        }
    }

    // Alone: its own lines, all in the first pass. Else both passes share the next panel's evenly, so that the memory is always busy.
    private int FetchBytes(int first) => _alone
        ? first == 0 ? StepBytes : 0
        : StepBytes / 2 * _registers.Vectors / YmmRows.PanelVectors;

    private void Multiply(int step, int first) =>
        _steps.Multiply(step, first, (row, part) => YmmRows.Word(rsi, row, (part * ChunkBytes / 2) + (sizeof(int) * step)));
}
