using System.Diagnostics;
using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles tiles of weights with groups for processors with 16 registers of 256 bits, AVX2, FMA and F16C: what GroupKernels defines, for
/// a few rows and the 32 outputs of a panel, over all of K.
/// <para>Up to two rows take all outputs in one pass, more take 16 in each of two, block by block, so that unpacked codes serve all rows;
/// y and the sums of a block are in the <see cref="YmmGroupFrame"/>. Sums of 16 bits become sums of 32 where vpmaddwd multiplies them by
/// the group's scale.</para>
/// <para>Arguments and calling convention as <see cref="TileAssembler"/>'s. rsi: rows; rdx: their records; rax, rcx, r8: 1, 3 and 5 row
/// strides; r9: block; r10: codes of 32 inputs; rdi: inputs of the block before them; r11: ahead.</para>
/// </summary>
internal sealed class YmmGroupTileAssembler
{
    private const int Line = 64;
    private const int Vector = YmmRows.VectorBytes;

    private readonly Assembler _asm = new(64);
    private readonly GroupLayout _layout;
    private readonly int _rows;
    private readonly bool _alone;
    private readonly YmmRows _registers;
    private readonly YmmGroupFrame _frame;
    private readonly YmmProducts _products;
    private readonly YmmGroupFloats _floats;

    private YmmGroupTileAssembler(GroupLayout layout, int rows, bool alone)
    {
        Debug.Assert(rows >= 1 && rows <= MaxRowsOf(layout), "registers");
        (_layout, _rows, _alone, _registers) = (layout, rows, alone, new YmmRows(rows));
        _frame = new YmmGroupFrame(_asm, layout, rows);
        _products = YmmProducts.Of(_asm, layout, rows);
        _floats = new YmmGroupFloats(_asm, layout, rows, _products is YmmByteProducts);
    }

    // Passes and groups ask for as much each; what is left over is asked for at the end of a block.
    private int LinesOfGroup => _layout.BlockBytes / Line / (Passes * _layout.CodeGroups);

    private int LinesOfBlockEnd => _layout.BlockBytes / Line % (Passes * _layout.CodeGroups);

    private int Passes => YmmRows.PanelVectors / _registers.Vectors;

    /// <summary>Rows of the tallest tile: products of bytes need two more registers.</summary>
    public static int MaxRowsOf(GroupLayout layout) => YmmCodeProducts.StepsOfSum(layout) > 1 ? 6 : 5;

    /// <summary>Machine code of one tile.</summary>
    /// <param name="layout">How weights lie in the panel.</param>
    /// <param name="rows">1 to <see cref="MaxRowsOf"/>.</param>
    /// <param name="alone">What it asks for ahead is read next, and not once other tiles are done.</param>
    public static byte[] Assemble(GroupLayout layout, int rows, bool alone)
    {
        var tile = new YmmGroupTileAssembler(layout, rows, alone);
        tile._frame.Enter();
        tile._frame.StartY();
        tile.LoadPointers();
        tile.Loop();
        tile._frame.StoreY();
        tile._frame.Leave();
        tile._asm.vzeroupper();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void LoadPointers()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rdx, Field(nameof(TileArguments.Side)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        _asm.lea(rcx, __[rax + (rax * 2)]);
        _asm.lea(r8, __[rax + (rax * 4)]);
        _asm.mov(r9, Field(nameof(TileArguments.Panel)));
        _asm.mov(r11, Field(nameof(TileArguments.Ahead)));
        _products.LoadMasks();
    }

    private void Loop()
    {
        var loop = _asm.CreateLabel();
        if (_layout.Groups == 0)
            _products.PrepareX(0);

        _asm.Label(ref loop);
        if (_layout.Groups == 0)
            ScaledGroups();
        else
            IntegerGroups();

        Fetch(0, LinesOfBlockEnd);
        _asm.add(r11, Line * LinesOfBlockEnd);
        _asm.add(r9, _layout.BlockBytes);
        _asm.dec(YmmGroupFrame.Blocks);
        _asm.jnz(loop);
    }

    // All passes over 32 inputs after each other.
    private void ScaledGroups()
    {
        _asm.mov(r10, r9);
        LoopGroups(() =>
        {
            for (var first = 0; first < YmmRows.PanelVectors; first += _registers.Vectors)
                ScaledGroup(first);

            _asm.add(rdx, _layout.RecordBytes);
        });
    }

    private void ScaledGroup(int first)
    {
        for (var part = 0; part < _products.Parts; part++)
        {
            _products.Multiply(first, part, FetchOfStep);
            ForAll((row, v) => AddPart(row, v, part));
        }

        _asm.add(r11, Line * LinesOfGroup);

        // What follows is long enough for the next x to be there when it is wanted. Behind a row's x are its records.
        if (first + _registers.Vectors == YmmRows.PanelVectors)
            _products.PrepareX(GroupLayout.CodeInputs);

        _floats.AddScaledGroup(first);
    }

    // Sums of 32 bits wait in the frame for those of the next part.
    private void AddPart(int row, int v, int part)
    {
        var sum = _registers.Sum(row, v);
        _products.Widen(sum);
        if (part > 0)
            _asm.vpaddd(sum, sum, YmmGroupFrame.Sums(row, v));

        if (part < _products.Parts - 1)
            _asm.vmovdqa(YmmGroupFrame.Sums(row, v), sum);
    }

    // A pass over the whole block after the other.
    private void IntegerGroups()
    {
        _floats.PrepareBlock();
        for (var first = 0; first < YmmRows.PanelVectors; first += _registers.Vectors)
        {
            if (first > 0)
                _asm.sub(rsi, _layout.Format.BlockInputs);

            _asm.vpxor(ymm14, ymm14, ymm14);
            ForAll((row, v) => _asm.vmovdqa(YmmGroupFrame.Sums(row, v), ymm14));
            _asm.mov(r10, r9);
            LoopGroups(() => IntegerGroup(first));
            for (var v = 0; v < _registers.Vectors; v++)
                _floats.AddBlock(first, v);

            _products.LoadMasks();
        }

        _asm.add(rdx, _layout.RecordBytes);
    }

    private void IntegerGroup(int first)
    {
        _products.PrepareX(0);
        for (var part = 0; part < _products.Parts; part++)
        {
            _products.Multiply(first, part, FetchOfStep);
            AddSums(first, _layout.Groups / _layout.CodeGroups * part / _products.Parts);
        }

        _asm.add(r11, Line * LinesOfGroup);
    }

    // Sums of the block += scale of the group · sums in registers.
    private void AddSums(int first, int half)
    {
        AssemblerRegisterYMM[] scales = [ymm12, ymm13];
        var groups = _layout.Groups / _layout.CodeGroups;
        for (var v = 0; v < _registers.Vectors; v++)
        {
            var offset = _layout.GroupScalesStart + (half * Vector) + (8 * (first + v));
            _products.LoadScales(scales[v % 2], __qword_ptr[r9 + (rdi * groups) + offset]);
            for (var row = 0; row < _rows; row++)
            {
                var sum = _registers.Sum(row, v);
                _products.Scale(sum, scales[v % 2]);
                _asm.vpaddd(sum, sum, YmmGroupFrame.Sums(row, v));
                _asm.vmovdqa(YmmGroupFrame.Sums(row, v), sum);
            }
        }
    }

    private void LoopGroups(Action group)
    {
        var loop = _asm.CreateLabel();
        _asm.xor(edi, edi);
        _asm.Label(ref loop);
        group();
        _asm.add(rsi, GroupLayout.CodeInputs);
        if (_layout.CodeGroups == 1)
            return;

        _asm.add(r10, _layout.CodeBytes);
        _asm.add(edi, GroupLayout.CodeInputs);
        _asm.cmp(edi, _layout.Format.BlockInputs);
        _asm.jb(loop);
    }

    // Lines of the weights that come next, evenly between those that are read: more at once would fill what keeps track of misses.
    private void FetchOfStep(int step) =>
        Fetch(LinesOfGroup * step / YmmProducts.Steps, LinesOfGroup * (step + 1) / YmmProducts.Steps);

    private void Fetch(int first, int end)
    {
        for (var line = first; line < end; line++)
        {
            if (_alone)
                _asm.prefetcht0(__byte_ptr[r11 + (Line * line)]);
            else
                _asm.prefetcht1(__byte_ptr[r11 + (Line * line)]);
        }
    }

    private void ForAll(Action<int, int> rowAndVector)
    {
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < _registers.Vectors; v++)
                rowAndVector(row, v);
        }
    }
}
