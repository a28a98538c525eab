using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>W [N, K] row by row in F32; refuses rows that come twice.</summary>
internal sealed class PlainMatrix : PackedMatrix
{
    private readonly float[] _values;
    private readonly bool[] _packed;
    private readonly PlainDevice.Counter _live;

    public PlainMatrix(int n, int k, DType dtype, PlainDevice.Counter live)
        : base(n, k, dtype)
    {
        _values = new float[n * k];
        _packed = new bool[n];
        _live = live;
        Interlocked.Increment(ref live.Value);
    }

    public override long Bytes => GroupFormat.Of(DType) is { } format
        ? (long)((long)N * K * format.BitsPerWeight / 8)
        : ((long)N * K * DType.Bytes()) + (DType == DType.I8 ? 8L * N : 0);

    public float[] Values
    {
        get
        {
            Assert.All(_packed, Assert.True);
            return _values;
        }
    }

    public override void Pack(int firstRow, ReadOnlySpan<float> rows)
    {
        Assert.Equal(0, rows.Length % K);
        rows.CopyTo(_values.AsSpan(firstRow * K));
        foreach (ref var packed in _packed.AsSpan(firstRow, rows.Length / K))
        {
            Assert.False(packed);
            packed = true;
        }
    }

    public override void PackGroups(int firstRow, in GroupRows rows) => Pack(firstRow, GroupValues.Of(GroupFormat.Of(DType)!, rows));

    public override void Dispose() => Interlocked.Decrement(ref _live.Value);
}
