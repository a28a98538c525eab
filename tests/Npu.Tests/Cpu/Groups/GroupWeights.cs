using AkkaCp.Testing;

namespace AkkaCp.Npu.Tests.Cpu.Groups;

/// <summary>A matrix of random codes and scales, and the products that they define, one number at a time.</summary>
internal sealed class GroupWeights
{
    private static readonly int[] s_iq4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    private static readonly int[] s_mx4 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    private readonly GroupFormat _format;
    private readonly int _n, _k;
    private readonly byte[] _codes, _zeros, _groupScales, _groupMins;
    private readonly ushort[] _scales, _mins;

    public GroupWeights(DType dtype, int n, int k, Rng rng)
    {
        (_format, _n, _k) = (GroupFormat.Of(dtype)!, n, k);
        var blocks = n * (k / _format.BlockInputs);
        var groups = _format.GroupInputs == 0 ? 0 : n * (k / _format.GroupInputs);
        _codes = Bytes(n * k, LargestCode, rng);
        _scales = Halves(blocks, rng);
        _mins = _format.HasMins ? Halves(blocks, rng) : [];
        _zeros = Bytes(_format.HasZeros ? blocks : 0, _format.CodeBits == 8 ? 255 : 16, rng);
        _groupScales = Bytes(groups, HasSignedScales ? 255 : 63, rng);
        _groupMins = _format.HasMins ? Bytes(groups, 63, rng) : [];
    }

    private int LargestCode => _format.DType switch
    {
        DType.Q2K => 3,
        DType.Q3K => 7,
        _ => (1 << _format.CodeBits) - 1,
    };

    private bool HasSignedScales => !_format.HasMins;

    /// <summary>All codes the largest, all integer scales and minimums, too: the largest sums.</summary>
    public GroupWeights WithLargestCodes()
    {
        Array.Fill(_codes, _format.HasSignedCodes ? (byte)0x80 : (byte)LargestCode);
        Array.Fill(_zeros, (byte)0);
        Array.Fill(_groupScales, HasSignedScales ? (byte)0x80 : (byte)63);
        Array.Fill(_groupMins, (byte)63);
        return this;
    }

    public GroupRows Rows(int first, int count)
    {
        var (blocks, groups) = (_k / _format.BlockInputs, _format.GroupInputs == 0 ? 0 : _k / _format.GroupInputs);
        var minGroups = _format.HasMins ? groups : 0;
        var (minBlocks, zeroBlocks) = (_format.HasMins ? blocks : 0, _format.HasZeros ? blocks : 0);
        return new GroupRows
        {
            Codes = _codes.AsSpan(first * _k, count * _k),
            Scales = _scales.AsSpan(first * blocks, count * blocks),
            Mins = _mins.AsSpan(first * minBlocks, count * minBlocks),
            Zeros = _zeros.AsSpan(first * zeroBlocks, count * zeroBlocks),
            GroupScales = _groupScales.AsSpan(first * groups, count * groups),
            GroupMins = _groupMins.AsSpan(first * minGroups, count * minGroups),
        };
    }

    /// <summary>One output as <see cref="INpuDevice.MatMul"/> defines it.</summary>
    public float Product(ReadOnlySpan<float> x, int output, float start)
    {
        var y = start;
        for (var k = 0; k < _k; k += _format.BlockInputs)
        {
            var block = ((output * _k) + k) / _format.BlockInputs;
            var d = (float)BitConverter.UInt16BitsToHalf(_scales[block]);
            var m = _format.HasMins ? (float)BitConverter.UInt16BitsToHalf(_mins[block]) : 0;
            y = _format.GroupInputs == 0 ? Scaled(x, output, k, d, m, y) : Integer(x, output, k, d, m, y);
        }

        return y;
    }

    private float Scaled(ReadOnlySpan<float> x, int output, int block, float d, float m, float y)
    {
        for (var k = block; k < block + _format.BlockInputs; k += 32)
        {
            var (q, scale) = Quantize(x.Slice(k, 32));
            y = MathF.FusedMultiplyAdd(Dot(q, output, k), d * scale, y);
            if (_format.HasMins)
                y = MathF.FusedMultiplyAdd(m, scale * q.Sum(), y);
        }

        return y;
    }

    private float Integer(ReadOnlySpan<float> x, int output, int block, float d, float m, float y)
    {
        var (sum, minimum) = (0, 0);
        var (q, scale) = Quantize(x.Slice(block, _format.BlockInputs));
        for (var k = 0; k < _format.BlockInputs; k += _format.GroupInputs)
        {
            var group = ((output * _k) + block + k) / _format.GroupInputs;
            var part = q[k..(k + _format.GroupInputs)];
            sum += (HasSignedScales ? (int)(sbyte)_groupScales[group] : _groupScales[group]) * Dot(part, output, block + k);
            if (_format.HasMins)
                minimum += _groupMins[group] * part.Sum();
        }

        y = MathF.FusedMultiplyAdd(sum, d * scale, y);
        return _format.HasMins ? MathF.FusedMultiplyAdd(-(float)minimum, m * scale, y) : y;
    }

    private int Dot(int[] q, int output, int first) => q.Select((value, i) => value * ValueOf((output * _k) + first + i)).Sum();

    private int ValueOf(int place)
    {
        var code = _codes[place];
        return _format.DType switch
        {
            DType.Q8 => (sbyte)code,
            DType.Q4 => code - 8,
            DType.Q5 => code - 16,
            DType.Q6K => code - 32,
            DType.Q3K => code - 4,
            DType.IQ4 or DType.IQ4K => s_iq4[code],
            DType.MX4 => s_mx4[code],
            _ when _format.HasZeros => code - _zeros[place / _format.BlockInputs],
            _ => code,
        };
    }

    private static (int[] Codes, float Scale) Quantize(ReadOnlySpan<float> x)
    {
        var largest = 0f;
        var finite = true;
        foreach (var value in x)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
            finite &= float.IsFinite(value);
        }

        if (!finite)
            return (new int[x.Length], float.NaN);

        var inverse = 127f / largest;
        if (!float.IsFinite(inverse))
            return (new int[x.Length], 0);

        var codes = new int[x.Length];
        for (var i = 0; i < x.Length; i++)
            codes[i] = (int)MathF.Round(x[i] * inverse, MidpointRounding.ToEven);

        return (codes, largest / 127f);
    }

    private static byte[] Bytes(int count, int largest, Rng rng) =>
        [.. rng.Floats(count).Select(value => (byte)Math.Clamp((int)((value + 1) / 2 * (largest + 1)), 0, largest))];

    private static ushort[] Halves(int count, Rng rng) =>
        [.. rng.Floats(count).Select((value, i) => i % 17 == 0 ? (ushort)0x8003 : BitConverter.HalfToUInt16Bits((Half)(value / 8)))];
}
