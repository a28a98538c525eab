using System.Diagnostics;
using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.GroupRegisters;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles tiles of weights with groups on AVX-512 VNNI: what GroupKernels defines, for 1 to 6 rows and the 32 outputs of a panel, over
/// all of K. <see cref="GroupDots"/> are their products, <see cref="GroupRegisters"/> what registers hold; arguments and calling
/// convention as <see cref="TileAssembler"/>'s.
/// </summary>
internal sealed class GroupTileAssembler
{
    private readonly Assembler _asm = new(64);
    private readonly GroupLayout _layout;
    private readonly int _rows;
    private readonly bool _alone;
    private readonly GroupDots _dots;
    private int _step;
    private int _line;

    private GroupTileAssembler(GroupLayout layout, int rows, bool alone)
    {
        Debug.Assert(rows is >= 1 and <= MaxRows, "registers");
        (_layout, _rows, _alone) = (layout, rows, alone);
        _dots = new GroupDots(_asm, layout, rows, FetchMore);
    }

    // Whether y is in registers: then each group of 32 goes to it by itself.
    private bool IsScaled => _layout.Groups == 0;

    private int Pairs => _layout.Groups / 2;

    /// <summary>Machine code of one tile.</summary>
    /// <param name="layout">How weights lie in the panel.</param>
    /// <param name="rows">1 to 6.</param>
    /// <param name="alone">What it asks for ahead is read next, and not once other tiles are done.</param>
    public static byte[] Assemble(GroupLayout layout, int rows, bool alone)
    {
        var tile = new GroupTileAssembler(layout, rows, alone);
        tile.LoadMasks();
        tile.StartSums();
        tile.LoadPointers();
        tile.Loop();
        if (tile.IsScaled)
            tile.MoveSums(nameof(TileArguments.Y), nameof(TileArguments.YStride), (sum, memory) => tile._asm.vmovups(memory, sum));

        tile._asm.vzeroupper();
        tile._asm.ret();
        using var code = new MemoryStream();
        tile._asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    // zmm28: the lower halves of bytes. zmm29: the bits that the plane has, or the table.
    private void LoadMasks()
    {
        _asm.mov(eax, 0x0F0F0F0F);
        _asm.vpbroadcastd(zmm28, eax);
        if (_layout.Table is { } table)
        {
            _asm.mov(rax, BitConverter.ToUInt64(table, 0));
            _asm.vmovq(xmm0, rax);
            _asm.mov(rax, BitConverter.ToUInt64(table, sizeof(ulong)));
            _asm.vpinsrq(xmm0, xmm0, rax, 1);
            _asm.vshufi32x4(zmm29, zmm0, zmm0, 0);
            return;
        }

        _asm.mov(eax, _layout.Format.CodeBits == 6 ? 0x30303030 : 0x10101010);
        _asm.vpbroadcastd(zmm29, eax);
    }

    // What y begins with: in registers, or in y itself.
    private void StartSums()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.Start)));
        for (var v = 0; v < Vectors; v++)
            _asm.vmovups(Sum(0, v), __zmmword_ptr[rsi + (Line * v)]);

        if (!IsScaled)
        {
            // All rows begin with the same.
            MoveSums(nameof(TileArguments.Y), nameof(TileArguments.YStride), (sum, memory) => _asm.vmovups(memory, sum), row: _ => 0);
            return;
        }

        for (var row = 1; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
                _asm.vmovaps(Sum(row, v), Sum(0, v));
        }
    }

    private void MoveSums(
        string start, string stride, Action<AssemblerRegisterZMM, AssemblerMemoryOperand> move, Func<int, int>? row = null)
    {
        _asm.mov(rsi, Field(start));
        _asm.mov(rax, Field(stride));
        for (var t = 0; t < _rows; t++)
        {
            for (var v = 0; v < Vectors; v++)
                move(Sum(row is null ? t : row(t), v), __zmmword_ptr[rsi + (Line * v)]);

            _asm.add(rsi, rax);
        }
    }

    private void LoadPointers()
    {
        _asm.mov(rsi, Field(nameof(TileArguments.X)));
        _asm.mov(rdx, Field(nameof(TileArguments.Side)));
        _asm.mov(rax, Field(nameof(TileArguments.XStride)));
        LoadStrides();
        _asm.mov(r9, Field(nameof(TileArguments.Panel)));
        _asm.mov(r10, Field(nameof(TileArguments.Count)));
        _asm.mov(r11, Field(nameof(TileArguments.Ahead)));
    }

    private void LoadStrides()
    {
        _asm.lea(rcx, __[rax + (rax * 2)]);
        _asm.lea(r8, __[rax + (rax * 4)]);
    }

    private void Loop()
    {
        var loop = _asm.CreateLabel();
        _asm.Label(ref loop);
        (_step, _line) = (0, 0);
        if (IsScaled)
            ScaledGroups();
        else
            IntegerGroups();

        _asm.add(rsi, _layout.Format.BlockInputs);
        _asm.add(rdx, _layout.RecordBytes * _layout.Format.BlockInputs / _layout.RecordInputs);
        _asm.add(r9, _layout.BlockBytes);
        _asm.add(r11, _layout.BlockBytes);
        _asm.dec(r10);
        _asm.jnz(loop);
    }

    private void ScaledGroups()
    {
        for (var group = 0; group < _layout.CodeGroups; group++)
            ScaledGroup(group, group * _layout.RecordBytes);
    }

    private void ScaledGroup(int group, int record)
    {
        if (_layout.Format.HasZeros)
            StartDotsOfZeros(record + GroupLayout.StartAt);
        else
            StartDots(record + GroupLayout.StartAt);

        _dots.Add(group);
        LoadHalves(24, _layout.ScalesStart);
        ForAll((row, v) =>
        {
            var factor = Zmm[26 + v];
            _asm.vcvtdq2ps(Dot(row, v), Dot(row, v));
            _asm.vmulps(factor, Scale(v), Bcst(rdx, row, record));
            _asm.vfmadd231ps(Sum(row, v), Dot(row, v), factor);
        });
        if (!_layout.Format.HasMins)
            return;

        LoadHalves(24, _layout.MinsStart);
        ForAll((row, v) => _asm.vfmadd231ps(Sum(row, v), Scale(v), Bcst(rdx, row, record + GroupLayout.ScaledSumAt)));
    }

    private void IntegerGroups()
    {
        ForAll((row, v) => _asm.vpxord(Sum(row, v), Sum(row, v), Sum(row, v)));
        for (var group = 0; group < _layout.CodeGroups; group++)
        {
            if (_layout.Groups == _layout.CodeGroups)
            {
                StartGroup(group);
                _dots.Add(group);
                AddDots(group);
                continue;
            }

            for (var half = 0; half < 2; half++)
            {
                StartGroup((2 * group) + half);
                _dots.AddHalf(group, half);
                AddDots((2 * group) + half);
            }
        }

        for (var v = 0; v < Vectors; v++)
            AddToY(v);

        LoadStrides();
    }

    private void StartGroup(int group)
    {
        if (_layout.Format.HasMins)
            ForAll((row, v) => _asm.vpxord(Dot(row, v), Dot(row, v), Dot(row, v)));
        else
            StartDots(GroupLayout.StartsAt + (4 * group));
    }

    private void StartDotsOfZeros(int start)
    {
        for (var v = 0; v < Vectors; v++)
            _asm.vpmovzxbd(Scale(v), __xmmword_ptr[r9 + (_layout.ZerosStart + (16 * v))]);

        ForAll((row, v) => _asm.vpmulld(Dot(row, v), Scale(v), Bcst(rdx, row, start)));
    }

    private void StartDots(int start)
    {
        for (var row = 0; row < _rows; row++)
        {
            _asm.vpbroadcastd(Dot(row, 0), Dword(rdx, row, start));
            _asm.vmovdqa32(Dot(row, 1), Dot(row, 0));
        }
    }

    // Sums of the block += scale of the group · its dots. Scales that minimums stand beside are unsigned.
    private void AddDots(int group)
    {
        for (var v = 0; v < Vectors; v++)
            _asm.vpmovsxbd(Scale(v), __xmmword_ptr[r9 + (_layout.GroupScalesStart + (32 * group) + (16 * v))]);

        ForAll((row, v) =>
        {
            _asm.vpmulld(Dot(row, v), Dot(row, v), Scale(v));
            _asm.vpaddd(Sum(row, v), Sum(row, v), Dot(row, v));
        });
    }

    private void LoadHalves(int register, int start)
    {
        for (var v = 0; v < Vectors; v++)
            _asm.vcvtph2ps(Zmm[register + v], __ymmword_ptr[r9 + (start + (32 * v))]);
    }

    // The end of a block, one vector of outputs: zmm0 to zmm7 are the minimums of pairs of groups, rcx and r8 a row of y and its stride,
    // rdx its record.
    private void AddToY(int v)
    {
        LoadHalves(24, _layout.ScalesStart);
        for (var pair = 0; _layout.Format.HasMins && pair < Pairs; pair++)
            _asm.vpmovzxbw(Zmm[pair], __ymmword_ptr[r9 + (_layout.GroupMinsStart + (64 * pair) + (32 * v))]);

        if (_layout.Format.HasMins)
            LoadHalves(26, _layout.MinsStart);

        _asm.mov(rcx, Field(nameof(TileArguments.Y)));
        _asm.mov(r8, Field(nameof(TileArguments.YStride)));
        for (var row = 0; row < _rows; row++)
        {
            AddToY(row, v);
            _asm.add(rdx, rax);
            _asm.add(rcx, r8);
        }

        for (var row = 0; row < _rows; row++)
            _asm.sub(rdx, rax);
    }

    private void AddToY(int row, int v)
    {
        var place = __zmmword_ptr[rcx + (Line * v)];
        var (y, factor, minimum) = (Zmm[8 + (row % 2)], Zmm[10 + (row % 2)], Zmm[30 + (row % 2)]);
        _asm.vmovups(y, place);
        _asm.vcvtdq2ps(Sum(row, v), Sum(row, v));
        _asm.vmulps(factor, Scale(v), __dword_bcst[rdx]);
        _asm.vfmadd231ps(y, Sum(row, v), factor);
        if (_layout.Format.HasMins)
        {
            _asm.vpxord(minimum, minimum, minimum);
            for (var pair = 0; pair < Pairs; pair++)
                _asm.vpdpwssd(minimum, Zmm[pair], __dword_bcst[rdx + (GroupLayout.PairSumsAt + (4 * pair))]);

            _asm.vcvtdq2ps(minimum, minimum);
            _asm.vmulps(factor, Zmm[26 + v], __dword_bcst[rdx]);
            _asm.vfnmadd231ps(y, minimum, factor);
        }

        _asm.vmovups(place, y);
    }

    // Lines of the weights that come next, spread over a block's steps.
    private void FetchMore()
    {
        _step++;
        for (; _line < _layout.BlockBytes * _step / _dots.Steps; _line += Line)
        {
            if (_alone)
                _asm.prefetcht0(__byte_ptr[r11 + _line]);
            else
                _asm.prefetcht1(__byte_ptr[r11 + _line]);
        }
    }

    private void ForAll(Action<int, int> rowAndVector)
    {
        for (var row = 0; row < _rows; row++)
        {
            for (var v = 0; v < Vectors; v++)
                rowAndVector(row, v);
        }
    }
}
