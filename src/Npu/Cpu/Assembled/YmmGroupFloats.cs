using System.Numerics;
using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles the end of a block: sums become floats and y takes them, as GroupKernels defines. Registers as
/// <see cref="YmmGroupTileAssembler"/>'s; ymm10 and ymm11 stay as they are where <see cref="YmmProducts"/> keep masks.
/// </summary>
/// <param name="asm">Takes the instructions.</param>
/// <param name="layout">What the block is.</param>
/// <param name="rows">Rows of the tile.</param>
/// <param name="hasSignedCodes">Whether sums are of codes less 128, and else of codes as they are stored.</param>
internal sealed class YmmGroupFloats(Assembler asm, GroupLayout layout, int rows, bool hasSignedCodes)
{
    private const int Vector = YmmRows.VectorBytes;
    private const int HalfVector = Vector / 2;
    private const int ScaleAt = 0;

    private static readonly AssemblerRegisterYMM[] s_pairs = [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7];
    private static readonly AssemblerRegisterXMM[] s_pairHalves = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7];

    private readonly YmmRows _registers = new(rows);

    // A power of two.
    private byte ZeroBits => (byte)BitOperations.Log2((uint)layout.Zero);

    // Whether sums lack what records have as starts, the part of the codes' zero.
    private bool HasStarts => layout.Format.Zero > 0 && !hasSignedCodes;

    private bool HasPairs => HasMins || HasStarts;

    private bool HasMins => layout.Format.HasMins;

    /// <summary>y += what the sums in registers are, of 32 inputs.</summary>
    public void AddScaledGroup(int first)
    {
        // Two vectors at a time, however many there are.
        for (var v = 0; v < _registers.Vectors; v += 2)
        {
            if (layout.Format.HasZeros)
                AddZeros(first, v);

            LoadHalves(ymm12, layout.ScalesStart, first + v);
            LoadHalves(ymm13, layout.ScalesStart, first + v + 1);
            for (var row = 0; row < rows; row++)
            {
                if (HasStarts)
                    AddStart(row, v);

                asm.vbroadcastss(ymm15, YmmRows.Word(rdx, row, ScaleAt));
                AddScaled(row, first, v, ymm12);
                AddScaled(row, first, v + 1, ymm13);
            }

            if (HasMins)
                AddMins(first, v);
        }

        for (var row = 0; row < rows; row++)
        {
            for (var v = 0; v < _registers.Vectors; v++)
                asm.vmovaps(YmmGroupFrame.Y(row, first + v), _registers.Sum(row, v));
        }
    }

    /// <summary>Makes ready what <see cref="AddBlock"/> needs of all rows.</summary>
    public void PrepareBlock()
    {
        if (HasStarts)
            NarrowStarts();
    }

    /// <summary>y += what the frame's sums of eight outputs are, of a block with integer scales.</summary>
    public void AddBlock(int first, int v)
    {
        LoadHalves(ymm12, layout.ScalesStart, first + v);
        if (HasMins)
            LoadHalves(ymm13, layout.MinsStart, first + v);

        if (HasPairs)
            LoadPairs(first + v);

        for (var row = 0; row < rows; row++)
        {
            if (HasPairs)
                SumPairs(row);

            LoadSums(row, v);
            asm.vbroadcastss(ymm15, YmmRows.Word(rdx, row, ScaleAt));
            asm.vmulps(ymm14, ymm12, ymm15);
            asm.vfmadd213ps(ymm9, ymm14, YmmGroupFrame.Y(row, first + v));
            if (HasMins)
            {
                asm.vcvtdq2ps(ymm8, ymm8);
                asm.vmulps(ymm14, ymm13, ymm15);
                asm.vfnmadd231ps(ymm9, ymm8, ymm14);
            }

            asm.vmovaps(YmmGroupFrame.Y(row, first + v), ymm9);
        }
    }

    // Zeros times starts, which are -Σ x.
    private void AddZeros(int first, int v)
    {
        LoadZeros(ymm12, xmm12, first + v);
        LoadZeros(ymm13, xmm13, first + v + 1);
        for (var row = 0; row < rows; row++)
        {
            asm.vpbroadcastd(ymm15, YmmRows.Word(rdx, row, GroupLayout.StartAt));
            if (hasSignedCodes)
            {
                asm.vpmulld(ymm14, ymm12, ymm15);
                asm.vpmulld(ymm15, ymm13, ymm15);
            }
            else
            {
                // Starts fit 16 bits; what the halves above the zeros are multiplied by does not matter.
                asm.vpmaddwd(ymm14, ymm12, ymm15);
                asm.vpmaddwd(ymm15, ymm13, ymm15);
            }

            asm.vpaddd(_registers.Sum(row, v), _registers.Sum(row, v), ymm14);
            asm.vpaddd(_registers.Sum(row, v + 1), _registers.Sum(row, v + 1), ymm15);
        }
    }

    private void LoadZeros(AssemblerRegisterYMM zeros, AssemblerRegisterXMM bytes, int v)
    {
        var memory = __qword_ptr[r9 + (layout.ZerosStart + (8 * v))];
        if (!hasSignedCodes)
        {
            asm.vpmovzxbd(zeros, memory);
            return;
        }

        asm.vmovq(bytes, memory);
        asm.vpxor(bytes, bytes, __xmmword_ptr[YmmGroupFrame.Signs]);
        asm.vpmovsxbd(zeros, bytes);
    }

    private void AddStart(int row, int v)
    {
        asm.vpbroadcastd(ymm15, YmmRows.Word(rdx, row, GroupLayout.StartAt));
        for (var i = v; i < v + 2; i++)
            asm.vpaddd(_registers.Sum(row, i), _registers.Sum(row, i), ymm15);
    }

    private void AddScaled(int row, int first, int v, AssemblerRegisterYMM d)
    {
        var sum = _registers.Sum(row, v);
        asm.vcvtdq2ps(sum, sum);
        asm.vmulps(ymm14, d, ymm15);
        asm.vfmadd213ps(sum, ymm14, YmmGroupFrame.Y(row, first + v));
    }

    private void AddMins(int first, int v)
    {
        LoadHalves(ymm12, layout.MinsStart, first + v);
        LoadHalves(ymm13, layout.MinsStart, first + v + 1);
        for (var row = 0; row < rows; row++)
        {
            asm.vbroadcastss(ymm15, YmmRows.Word(rdx, row, GroupLayout.ScaledSumAt));
            asm.vfmadd231ps(_registers.Sum(row, v), ymm12, ymm15);
            asm.vfmadd231ps(_registers.Sum(row, v + 1), ymm13, ymm15);
        }
    }

    // -Σ x of groups to the frame in 16 bits, which records have times the codes' zero.
    private void NarrowStarts()
    {
        for (var row = 0; row < rows; row++)
        {
            asm.vmovdqu(ymm0, YmmRows.Vector(rdx, row, GroupLayout.StartsAt));
            asm.vpsrad(ymm0, ymm0, ZeroBits);
            if (layout.Groups > 8)
            {
                asm.vmovdqu(ymm1, YmmRows.Vector(rdx, row, GroupLayout.StartsAt + Vector));
                asm.vpsrad(ymm1, ymm1, ZeroBits);
            }

            asm.vpackssdw(ymm0, ymm0, ymm1);
            asm.vpermq(ymm0, ymm0, 0b11_01_10_00);
            asm.vmovdqa(YmmGroupFrame.X(row, 2), ymm0);
        }
    }

    // Sums as floats in ymm9.
    private void LoadSums(int row, int v)
    {
        if (!HasStarts)
        {
            asm.vcvtdq2ps(ymm9, YmmGroupFrame.Sums(row, v));
            return;
        }

        asm.vpslld(ymm8, ymm8, ZeroBits);
        asm.vpaddd(ymm8, ymm8, YmmGroupFrame.Sums(row, v));
        asm.vcvtdq2ps(ymm9, ymm8);
    }

    // What two neighbouring groups have for an output, side by side: minimums, or scales.
    private void LoadPairs(int v)
    {
        for (var pair = 0; pair < layout.Groups / 2; pair++)
        {
            if (HasMins)
            {
                var offset = layout.GroupMinsStart + (2 * pair * Vector) + (v * HalfVector);
                asm.vpmovzxbw(s_pairs[pair], __xmmword_ptr[r9 + offset]);
                continue;
            }

            var start = layout.GroupScalesStart + (2 * pair * Vector) + (v * HalfVector / 2);
            asm.vmovq(s_pairHalves[pair], __qword_ptr[r9 + start]);
            asm.vmovq(xmm8, __qword_ptr[r9 + (start + Vector)]);
            asm.vpunpcklbw(s_pairHalves[pair], s_pairHalves[pair], xmm8);
            asm.vpmovsxbw(s_pairs[pair], s_pairHalves[pair]);
        }
    }

    // ymm8 = Σ of groups of what pairs have · Σ x.
    private void SumPairs(int row)
    {
        for (var pair = 0; pair < layout.Groups / 2; pair++)
        {
            asm.vpbroadcastd(ymm14, HasMins
                ? YmmRows.Word(rdx, row, GroupLayout.PairSumsAt + (4 * pair))
                : YmmGroupFrame.XWord(row, 2, pair));
            asm.vpmaddwd(pair == 0 ? ymm8 : ymm14, ymm14, s_pairs[pair]);
            if (pair > 0)
                asm.vpaddd(ymm8, ymm8, ymm14);
        }
    }

    private void LoadHalves(AssemblerRegisterYMM to, int start, int v) =>
        asm.vcvtph2ps(to, __xmmword_ptr[r9 + (start + (v * HalfVector))]);
}
