using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.NormRope;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

// What lies between the products of Q, K and V and attention, one pass each.
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc cref="INpuDevice.QRmsNormRope"/>
    public void QRmsNormRope(TensorView x, TensorView gamma, TensorView cos, TensorView sin, float eps)
    {
        const string Op = nameof(QRmsNormRope);
        OperatorChecks.RequireF32(Op, "x", x);
        if (x.Rank != 3 || x[2] % 2 != 0)
            OperatorChecks.Refuse(Op, "x", "[T, H, D] with an even D", x.ToString());

        RequireNormAndAngles(Op, x[2], x.Rows, gamma, cos, sin);
        OperatorChecks.RequireDisjoint(Op, "x", x, "gamma", gamma);
        OperatorChecks.RequireDisjoint(Op, "x", x, "cos", cos);
        OperatorChecks.RequireDisjoint(Op, "x", x, "sin", sin);
        RunRows(x.Rows, x.RowLength, new QueryRow(x, gamma, cos, sin, eps));
    }

    /// <inheritdoc cref="INpuDevice.KvRmsNormRopeCache"/>
    /// <remarks>Slots of one call differ from each other; of equal ones any row may stay.</remarks>
    public void KvRmsNormRopeCache(TensorView kv, TensorView gamma, TensorView cos, TensorView sin, ReadOnlySpan<int> slotMapping,
        TensorView keyCache, TensorView valueCache, float eps)
    {
        const string Op = nameof(KvRmsNormRopeCache);
        if (keyCache.Rank != 4 || keyCache[3] % 2 != 0)
            OperatorChecks.Refuse(Op, "key_cache", "[blocks, block size, kvN, D] with an even D", keyCache.ToString());

        OperatorChecks.RequireSameShape(Op, "value_cache", valueCache, keyCache);
        if (valueCache.DType != keyCache.DType)
            OperatorChecks.Refuse(Op, "value_cache", $"{keyCache.DType}, as key_cache", $"{valueCache.DType}");

        OperatorChecks.RequireRows(Op, "kv", kv, kv.Rows, 2 * keyCache[2] * keyCache[3]);
        RequireNormAndAngles(Op, keyCache[3], kv.Rows, gamma, cos, sin);
        RequireSlots(Op, slotMapping, kv.Rows, keyCache);
        OperatorChecks.RequireDisjoint(Op, "value_cache", valueCache, "key_cache", keyCache);
        RequireApart(Op, "key_cache", keyCache, kv, gamma, cos, sin);
        RequireApart(Op, "value_cache", valueCache, kv, gamma, cos, sin);
        fixed (int* slotOf = slotMapping)
        {
            if (keyCache.DType == DType.F32)
                RunRows(kv.Rows, kv.RowLength, new KeyValueRow<StoredF32>(kv, gamma, cos, sin, slotOf, keyCache, valueCache, eps));
            else
                RunRows(kv.Rows, kv.RowLength, new KeyValueRow<StoredBF16>(kv, gamma, cos, sin, slotOf, keyCache, valueCache, eps));
        }
    }

    private static void RequireNormAndAngles(
        string op, int headDim, int rows, in TensorView gamma, in TensorView cos, in TensorView sin)
    {
        OperatorChecks.RequireVector(op, "gamma", gamma, headDim);
        OperatorChecks.RequireRows(op, "cos", cos, rows, headDim / 2);
        OperatorChecks.RequireRows(op, "sin", sin, rows, headDim / 2);
    }

    private static void RequireApart(string op, string name, in TensorView cache, in TensorView kv, in TensorView gamma,
        in TensorView cos, in TensorView sin)
    {
        OperatorChecks.RequireDisjoint(op, name, cache, "kv", kv);
        OperatorChecks.RequireDisjoint(op, name, cache, "gamma", gamma);
        OperatorChecks.RequireDisjoint(op, name, cache, "cos", cos);
        OperatorChecks.RequireDisjoint(op, name, cache, "sin", sin);
    }

    private readonly struct QueryRow(TensorView x, TensorView gamma, TensorView cos, TensorView sin, float eps) : IRowWork
    {
        public void Execute(int row) => RmsNormRope.Heads<StoredF32>(
            Row(x, row), (float*)gamma.Data, Row(cos, row), Row(sin, row), x[1], x[2] / 2, eps, Row(x, row));
    }

    private readonly struct KeyValueRow<TStored>(TensorView kv, TensorView gamma, TensorView cos, TensorView sin, int* slotMapping,
        TensorView keyCache, TensorView valueCache, float eps) : IRowWork
        where TStored : struct, IStoredElement
    {
        public void Execute(int row)
        {
            var slot = slotMapping[row];
            if (slot < 0)
                return;

            var (heads, d) = (keyCache[2], keyCache[3]);
            var key = Row(kv, row);
            RmsNormRope.Heads<TStored>(
                key, (float*)gamma.Data, Row(cos, row), Row(sin, row), heads, d / 2, eps, Slot(keyCache, slot));
            CopyRow.Convert((byte*)(key + (heads * d)), DType.F32, Slot(valueCache, slot), valueCache.DType, heads * d);
        }
    }
}
