using System.Diagnostics;
using System.Runtime.InteropServices;
using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles tiles of weights with groups on AVX-512 VNNI: what GroupKernels defines, for 1 to 6 rows and the 32 outputs of a panel, over all
/// of K. Codes are spread to bytes in registers, once for all rows, and meet words of x that vpdpbusd broadcasts from memory.
/// <para>zmm0 to zmm11 hold the integer sums of a group, two for each row; zmm12 to zmm23 those of a block or, where a block is one group, y;
/// zmm24 to zmm27 codes and scales; zmm28 and zmm29 masks; zmm30 and zmm31 the codes' further bits.</para>
/// <para>Arguments, calling convention and general registers as <see cref="TileAssembler"/>'s, and rdx for the records of x.</para>
/// </summary>
internal sealed class GroupTileAssembler
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 6;

    private const int Vectors = 2;
    private const int Line = 64;
    private const int StepBytes = 2 * Line;
    private const int HalfWords = 4;

    private static readonly AssemblerRegisterZMM[] s_zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private readonly Assembler _asm = new(64);
    private readonly GroupLayout _layout;
    private readonly int _rows;
    private readonly bool _alone;
    private int _line;

    private GroupTileAssembler(GroupLayout layout, int rows, bool alone)
    {
        Debug.Assert(rows is >= 1 and <= MaxRows, "registers");
        (_layout, _rows, _alone) = (layout, rows, alone);
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

    private static AssemblerMemoryOperand Field(string name) => __qword_ptr[rdi + (int)Marshal.OffsetOf<TileArguments>(name)];

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

    // rsi: rows, rdx: their records; rax, rcx, r8: 1, 3 and 5 row strides; r9: weights; r10: blocks; r11: ahead.
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
        _line = 0;
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
        {
            FetchUpTo(_layout.BlockBytes * (group + 1) / _layout.CodeGroups);
            ScaledGroup(group, group * _layout.RecordBytes);
        }
    }

    private void ScaledGroup(int group, int record)
    {
        if (_layout.Format.HasZeros)
            StartDotsOfZeros(record + GroupLayout.StartAt);
        else
            StartDots(record + GroupLayout.StartAt);

        Dots(group);
        LoadHalves(24, _layout.ScalesStart);
        ForAll((row, v) =>
        {
            var factor = s_zmm[26 + v];
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
            FetchUpTo(_layout.BlockBytes * (group + 1) / _layout.CodeGroups);
            if (_layout.Groups == _layout.CodeGroups)
            {
                StartGroup(group);
                Dots(group);
                AddDots(group);
                continue;
            }

            for (var half = 0; half < 2; half++)
            {
                StartGroup((2 * group) + half);
                HalfDots(group, half);
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

    // The products of 32 inputs.
    private void Dots(int group)
    {
        if (_layout.Format.CodeBits == 8)
        {
            ByteDots(group);
            return;
        }

        for (var word = 0; word < HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
            {
                var (low, high) = (s_zmm[24 + v], s_zmm[26 + v]);
                _asm.vmovdqu32(high, Codes(group, word, v));
                _asm.vpandd(low, high, zmm28);
                _asm.vpsrld(high, high, 4);
                _asm.vpandd(high, high, zmm28);
                Finish(low, group, word, v);
                Finish(high, group, word + HalfWords, v);
            }

            Multiply(s_zmm[24], s_zmm[25], (GroupLayout.CodeInputs * group) + (4 * word));
            Multiply(s_zmm[26], s_zmm[27], (GroupLayout.CodeInputs * group) + (4 * (word + HalfWords)));
        }
    }

    private void ByteDots(int group)
    {
        for (var word = 0; word < 2 * HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
                _asm.vmovdqu32(s_zmm[24 + v], Codes(group, word, v));

            Multiply(s_zmm[24], s_zmm[25], (GroupLayout.CodeInputs * group) + (4 * word));
        }
    }

    // The products of 16 inputs.
    private void HalfDots(int group, int half)
    {
        for (var word = 0; word < HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
            {
                var code = s_zmm[24 + v];
                _asm.vmovdqu32(code, Codes(group, word, v));
                if (half == 1)
                    _asm.vpsrld(code, code, 4);

                _asm.vpandd(code, code, zmm28);
                if (_layout.PlaneBytes > 0)
                    AddBits(code, group, half, v, 4 - (2 * word));
            }

            Multiply(s_zmm[24], s_zmm[25], (GroupLayout.CodeInputs * group) + (16 * half) + (4 * word));
        }
    }

    // Bit s of the plane's bytes is that of step s.
    private void Finish(AssemblerRegisterZMM code, int group, int step, int v)
    {
        if (_layout.PlaneBytes > 0)
            AddBits(code, group, 0, v, 4 - step);

        if (_layout.Table is not null)
            _asm.vpshufb(code, zmm29, code);
    }

    // Two of the plane's bits, or one, moved up to where the code lacks them.
    private void AddBits(AssemblerRegisterZMM code, int group, int part, int v, int left)
    {
        var (bits, plane) = (s_zmm[30 + v], Plane(group, part, v));
        if (left == 0)
        {
            _asm.vpandd(bits, zmm29, plane);
        }
        else
        {
            if (left > 0)
                _asm.vpslld(bits, plane, (byte)left);
            else
                _asm.vpsrld(bits, plane, (byte)-left);

            _asm.vpandd(bits, bits, zmm29);
        }

        _asm.vpord(code, code, bits);
    }

    private void Multiply(AssemblerRegisterZMM codes0, AssemblerRegisterZMM codes1, int input)
    {
        for (var row = 0; row < _rows; row++)
        {
            _asm.vpdpbusd(Dot(row, 0), codes0, Bcst(rsi, row, input));
            _asm.vpdpbusd(Dot(row, 1), codes1, Bcst(rsi, row, input));
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
            _asm.vcvtph2ps(s_zmm[register + v], __ymmword_ptr[r9 + (start + (32 * v))]);
    }

    // The end of a block, one vector of outputs: zmm0 to zmm7 are the minimums of pairs of groups, rcx and r8 a row of y and its stride,
    // rdx its record.
    private void AddToY(int v)
    {
        LoadHalves(24, _layout.ScalesStart);
        for (var pair = 0; _layout.Format.HasMins && pair < Pairs; pair++)
            _asm.vpmovzxbw(s_zmm[pair], __ymmword_ptr[r9 + (_layout.GroupMinsStart + (64 * pair) + (32 * v))]);

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
        var (y, factor, minimum) = (s_zmm[8 + (row % 2)], s_zmm[10 + (row % 2)], s_zmm[30 + (row % 2)]);
        _asm.vmovups(y, place);
        _asm.vcvtdq2ps(Sum(row, v), Sum(row, v));
        _asm.vmulps(factor, Scale(v), __dword_bcst[rdx]);
        _asm.vfmadd231ps(y, Sum(row, v), factor);
        if (_layout.Format.HasMins)
        {
            _asm.vpxord(minimum, minimum, minimum);
            for (var pair = 0; pair < Pairs; pair++)
                _asm.vpdpwssd(minimum, s_zmm[pair], __dword_bcst[rdx + (GroupLayout.PairSumsAt + (4 * pair))]);

            _asm.vcvtdq2ps(minimum, minimum);
            _asm.vmulps(factor, s_zmm[26 + v], __dword_bcst[rdx]);
            _asm.vfnmadd231ps(y, minimum, factor);
        }

        _asm.vmovups(place, y);
    }

    // Lines of the weights that come next, in step with those that are read.
    private void FetchUpTo(int bytes)
    {
        for (; _line < bytes; _line += Line)
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

    private static AssemblerRegisterZMM Dot(int row, int v) => s_zmm[(Vectors * row) + v];

    private static AssemblerRegisterZMM Sum(int row, int v) => s_zmm[12 + (Vectors * row) + v];

    private static AssemblerRegisterZMM Scale(int v) => s_zmm[24 + v];

    private AssemblerMemoryOperand Codes(int group, int word, int v) =>
        __zmmword_ptr[r9 + ((_layout.CodeBytes * group) + (StepBytes * word) + (Line * v))];

    private AssemblerMemoryOperand Plane(int group, int part, int v) =>
        __zmmword_ptr[r9 + (_layout.PlaneStart + (_layout.PlaneBytes * group) + (StepBytes * part) + (Line * v))];

    private static AssemblerMemoryOperand Bcst(AssemblerRegister64 start, int row, int offset) => row switch
    {
        0 => __dword_bcst[start + offset],
        1 => __dword_bcst[start + rax + offset],
        2 => __dword_bcst[start + (rax * 2) + offset],
        3 => __dword_bcst[start + rcx + offset],
        4 => __dword_bcst[start + (rax * 4) + offset],
        _ => __dword_bcst[start + r8 + offset],
    };

    private static AssemblerMemoryOperand Dword(AssemblerRegister64 start, int row, int offset) => row switch
    {
        0 => __dword_ptr[start + offset],
        1 => __dword_ptr[start + rax + offset],
        2 => __dword_ptr[start + (rax * 2) + offset],
        3 => __dword_ptr[start + rcx + offset],
        4 => __dword_ptr[start + (rax * 4) + offset],
        _ => __dword_ptr[start + r8 + offset],
    };
}
