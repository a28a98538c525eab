using AkkaCp.Testing;

namespace AkkaCp.Npu.Tests.Cpu.Groups;

/// <summary>A matrix of random codes and scales, and the products that they define, one number at a time.</summary>
internal sealed class GroupWeights
{
    private readonly GroupFormat _format;
    private readonly int _n, _k;
    private readonly byte[] _codes, _groupScales, _groupMins;
    private readonly ushort[] _scales, _mins;

    public GroupWeights(DType dtype, int n, int k, Rng rng)
    {
        (_format, _n, _k) = (GroupFormat.Of(dtype)!, n, k);
        var blocks = n * (k / _format.BlockInputs);
        var groups = _format.GroupInputs == 0 ? 0 : n * (k / _format.GroupInputs);
        _codes = Bytes(n * k, (1 << _format.CodeBits) - 1, rng);
        _scales = Halves(blocks, rng);
        _mins = _format.HasMins ? Halves(blocks, rng) : [];
        _groupScales = Bytes(groups, dtype == DType.Q6K ? 255 : 63, rng);
        _groupMins = _format.HasMins ? Bytes(groups, 63, rng) : [];
    }

    /// <summary>All codes the largest, all integer scales and minimums, too: the largest sums.</summary>
    public GroupWeights WithLargestCodes()
    {
        Array.Fill(_codes, _format.CodeBits == 8 ? (byte)0x80 : (byte)((1 << _format.CodeBits) - 1));
        Array.Fill(_groupScales, _format.DType == DType.Q6K ? (byte)0x80 : (byte)63);
        Array.Fill(_groupMins, (byte)63);
        return this;
    }

    public GroupRows Rows(int first, int count)
    {
        var (blocks, groups) = (_k / _format.BlockInputs, _format.GroupInputs == 0 ? 0 : _k / _format.GroupInputs);
        var minGroups = _format.HasMins ? groups : 0;
        var minBlocks = _format.HasMins ? blocks : 0;
        return new GroupRows
        {
            Codes = _codes.AsSpan(first * _k, count * _k),
            Scales = _scales.AsSpan(first * blocks, count * blocks),
            Mins = _mins.AsSpan(first * minBlocks, count * minBlocks),
            GroupScales = _groupScales.AsSpan(first * groups, count * groups),
            GroupMins = _groupMins.AsSpan(first * minGroups, count * minGroups),
        };
    }

    /// <summary>One output as <see cref="INpuDevice.MatMul"/> defines it.</summary>
    public float Product(ReadOnlySpan<float> x, int output, float start)
    {
        var y = start;
        for (var block = 0; block < _k / _format.BlockInputs; block++)
        {
            var at = block * _format.BlockInputs;
            var (q, scale) = Quantize(x.Slice(at, _format.BlockInputs));
            var number = (output * (_k / _format.BlockInputs)) + block;
            var d = (float)BitConverter.UInt16BitsToHalf(_scales[number]);
            var m = _format.HasMins ? (float)BitConverter.UInt16BitsToHalf(_mins[number]) : 0;
            if (_format.GroupInputs == 0)
            {
                y = MathF.FusedMultiplyAdd(Dot(q, output, at, _format.BlockInputs), d * scale, y);
                if (_format.HasMins)
                    y = MathF.FusedMultiplyAdd(m, scale * q.Sum(), y);

                continue;
            }

            var (sum, minimum) = (0, 0);
            for (var group = 0; group < _format.BlockInputs / _format.GroupInputs; group++)
            {
                var first = group * _format.GroupInputs;
                var index = (number * (_format.BlockInputs / _format.GroupInputs)) + group;
                int s = _format.DType == DType.Q6K ? (sbyte)_groupScales[index] : _groupScales[index];
                sum += s * Dot(q[first..(first + _format.GroupInputs)], output, at + first, _format.GroupInputs);
                if (_format.HasMins)
                    minimum += _groupMins[index] * q[first..(first + _format.GroupInputs)].Sum();
            }

            y = MathF.FusedMultiplyAdd(sum, d * scale, y);
            if (_format.HasMins)
                y = MathF.FusedMultiplyAdd(-(float)minimum, m * scale, y);
        }

        return y;
    }

    private int Dot(int[] q, int output, int first, int count)
    {
        var zero = _format.HasMins ? 0 : _format.CodeBits == 8 ? 0 : 1 << (_format.CodeBits - 1);
        var sum = 0;
        for (var i = 0; i < count; i++)
        {
            var code = _codes[(output * _k) + first + i];
            sum += q[i] * ((_format.CodeBits == 8 ? (int)(sbyte)code : code) - zero);
        }

        return sum;
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
