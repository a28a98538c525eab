using System.Buffers.Binary;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>
/// The tile registers of AMX and what its instructions do to them, written from the pseudo-code of the Intel SDM, volume 2: LDTILECFG,
/// TILELOADD, TILESTORED, TDPBF16PS, TDPBUSD, TILERELEASE. What the processor would refuse fails the test.
/// </summary>
internal sealed unsafe class AmxTileFile
{
    private const int Registers = 8;
    private const int MaxRows = 16;
    private const int MaxRowBytes = 64;
    private const float SmallestNormal = 1.17549435e-38f;

    private readonly byte[][] _tiles = [.. Enumerable.Range(0, Registers).Select(_ => new byte[MaxRows * MaxRowBytes])];
    private readonly int[] _rows = new int[Registers];
    private readonly int[] _rowBytes = new int[Registers];

    /// <summary>Whether a configuration is loaded.</summary>
    public bool IsConfigured { get; private set; }

    /// <summary>LDTILECFG: takes the shapes and clears all tiles.</summary>
    public void Configure(byte* memory)
    {
        Assert.Equal((1, 0), (memory[0], memory[1]));
        Assert.True(new ReadOnlySpan<byte>(memory + 2, 14).IndexOfAnyExcept((byte)0) < 0, "reserved bytes");
        for (var tile = 0; tile < 16; tile++)
        {
            var (rowBytes, rows) = (((ushort*)(memory + 16))[tile], memory[48 + tile]);
            Assert.True(tile < Registers ? rowBytes <= MaxRowBytes && rows <= MaxRows : rowBytes + rows == 0, $"shape of tmm{tile}");
            Assert.Equal(rowBytes == 0, rows == 0);
            if (tile < Registers)
                (_rows[tile], _rowBytes[tile]) = (rows, rowBytes);
        }

        Array.ForEach(_tiles, tile => Array.Clear(tile));
        IsConfigured = true;
    }

    /// <summary>TILERELEASE.</summary>
    public void Release()
    {
        Array.ForEach(_tiles, tile => Array.Clear(tile));
        IsConfigured = false;
    }

    /// <summary>TILELOADD: the tile's rows from memory, <paramref name="stride"/> bytes apart.</summary>
    public void Load(int tile, byte* memory, long stride)
    {
        RequireShape(tile);
        Array.Clear(_tiles[tile]);
        for (var row = 0; row < _rows[tile]; row++)
            new ReadOnlySpan<byte>(memory + (row * stride), _rowBytes[tile]).CopyTo(Row(tile, row));
    }

    /// <summary>TILESTORED.</summary>
    public void Store(int tile, byte* memory, long stride)
    {
        RequireShape(tile);
        for (var row = 0; row < _rows[tile]; row++)
            Row(tile, row)[.._rowBytes[tile]].CopyTo(new Span<byte>(memory + (row * stride), _rowBytes[tile]));
    }

    /// <summary>TDPBF16PS: sums of even and of odd elements, their sum, and that added; denormals are zero, before and after.</summary>
    public void MultiplyBF16(int c, int a, int b)
    {
        RequireProduct(c, a, b);
        var sums = new float[_rowBytes[c] / 2];
        for (var m = 0; m < _rows[c]; m++)
        {
            Array.Clear(sums);
            for (var k = 0; k < _rowBytes[a] / 4; k++)
            {
                for (var i = 0; i < sums.Length; i++)
                    sums[i] = Flush(MathF.FusedMultiplyAdd(BF16(a, m, (2 * k) + (i % 2)), BF16(b, k, i), sums[i]));
            }

            for (var n = 0; n < _rowBytes[c] / 4; n++)
            {
                var cell = Row(c, m)[(4 * n)..];
                var sum = Flush(BinaryPrimitives.ReadSingleLittleEndian(cell)) + Flush(sums[2 * n] + sums[(2 * n) + 1]);
                BinaryPrimitives.WriteSingleLittleEndian(cell, Flush(sum));
            }
        }
    }

    /// <summary>TDPBUSD: four products of an unsigned byte of a and a signed one of b at a time, to 32 bits that wrap around.</summary>
    public void MultiplyBytes(int c, int a, int b)
    {
        RequireProduct(c, a, b);
        for (var m = 0; m < _rows[c]; m++)
        {
            for (var n = 0; n < _rowBytes[c] / 4; n++)
            {
                var cell = Row(c, m)[(4 * n)..];
                var sum = BinaryPrimitives.ReadInt32LittleEndian(cell);
                for (var k = 0; k < _rowBytes[a]; k++)
                    sum = unchecked(sum + (Row(a, m)[k] * (sbyte)Row(b, k / 4)[(4 * n) + (k % 4)]));

                BinaryPrimitives.WriteInt32LittleEndian(cell, sum);
            }
        }
    }

    private Span<byte> Row(int tile, int row) => _tiles[tile].AsSpan(row * MaxRowBytes, MaxRowBytes);

    private float BF16(int tile, int row, int element) =>
        Flush(BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(Row(tile, row)[(2 * element)..]) << 16));

    private static float Flush(float value) => MathF.Abs(value) < SmallestNormal ? MathF.CopySign(0f, value) : value;

    private void RequireShape(int tile) => Assert.True(IsConfigured && _rows[tile] > 0, $"tmm{tile} has no shape");

    // What raises #UD.
    private void RequireProduct(int c, int a, int b)
    {
        RequireShape(a);
        RequireShape(b);
        RequireShape(c);
        Assert.True(a != b && b != c && a != c, "equal tiles");
        Assert.Equal((0, 0), (_rowBytes[a] % 4, _rowBytes[c] % 4));
        Assert.Equal((_rows[a], _rowBytes[b], _rows[b]), (_rows[c], _rowBytes[c], _rowBytes[a] / 4));
    }
}
