using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

// Rows by number: the paged cache, the embedding table.
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc cref="INpuDevice.ScatterPaKvCache"/>
    /// <remarks>Slots of one call differ from each other; of equal ones any row may stay.</remarks>
    public void ScatterPaKvCache(
        TensorView key, TensorView value, TensorView keyCache, TensorView valueCache, ReadOnlySpan<int> slotMapping)
    {
        const string Op = nameof(ScatterPaKvCache);
        RequireCacheRows(Op, "key", key, "key_cache", keyCache);
        RequireCacheRows(Op, "value", value, "value_cache", valueCache);
        if (value.Rows != key.Rows)
            OperatorChecks.Refuse(Op, "value", $"{key.Rows} rows, as in key", value.ToString());

        if (valueCache.Rows != keyCache.Rows || valueCache[1] != keyCache[1])
            OperatorChecks.Refuse(Op, "value_cache", $"{keyCache.Rows} blocks of {keyCache[1]} slots", valueCache.ToString());

        RequireSlots(Op, slotMapping, key.Rows, keyCache);
        RequireApart(Op, "key_cache", keyCache, key, value);
        RequireApart(Op, "value_cache", valueCache, key, value);
        OperatorChecks.RequireDisjoint(Op, "value_cache", valueCache, "key_cache", keyCache);
        fixed (int* slotOf = slotMapping)
            RunRows(key.Rows, key.RowLength + value.RowLength, new ScatterRow(key, value, keyCache, valueCache, slotOf));
    }

    /// <inheritdoc cref="INpuDevice.IndexSelect"/>
    public void IndexSelect(TensorView x, ReadOnlySpan<int> index, TensorView y)
    {
        const string Op = nameof(IndexSelect);
        if (x.DType == DType.F32 && y.DType != DType.F32)
            OperatorChecks.Refuse(Op, "out", "F32, the type of self", $"{y.DType}");

        if (y.Rows != index.Length || y.RowLength != x.RowLength)
            OperatorChecks.Refuse(Op, "out", $"[{index.Length}, {x.RowLength}]", y.ToString());

        for (var i = 0; i < index.Length; i++)
        {
            if ((uint)index[i] >= (uint)x.Rows)
                OperatorChecks.Refuse(Op, "index", $"0 to {x.Rows - 1}", $"{index[i]} at [{i}]");
        }

        OperatorChecks.RequireDisjoint(Op, "out", y, "self", x);
        fixed (int* rowOf = index)
            RunRows(y.Rows, y.RowLength, new SelectRow(x, rowOf, y));
    }

    private static void RequireCacheRows(string op, string name, in TensorView rows, string cacheName, in TensorView cache)
    {
        if (rows.Rank != 3)
            OperatorChecks.Refuse(op, name, "[T, kvN, D]", rows.ToString());

        if (cache.Rank != 4 || cache[2] != rows[1] || cache[3] != rows[2])
            OperatorChecks.Refuse(op, cacheName, $"[blocks, block size, {rows[1]}, {rows[2]}]", cache.ToString());
    }

    private static void RequireSlots(string op, ReadOnlySpan<int> slotMapping, int rows, in TensorView cache)
    {
        RequireLength(op, "slot_mapping", slotMapping, rows);
        var slots = (long)cache.Rows * cache[1];
        for (var t = 0; t < slotMapping.Length; t++)
        {
            if (slotMapping[t] < -1 || slotMapping[t] >= slots)
                OperatorChecks.Refuse(op, "slot_mapping", $"-1 to {slots - 1}", $"{slotMapping[t]} at [{t}]");
        }
    }

    /// <summary>Where a slot's [kvN, D] elements begin.</summary>
    private static byte* Slot(in TensorView cache, int slot)
    {
        var (block, offset) = Math.DivRem(slot, cache[1]);
        var place = ((nint)block * cache.RowStride) + ((nint)offset * cache[2] * cache[3]);
        return (byte*)cache.Data + (place * cache.DType.Bytes());
    }

    private static void RequireApart(string op, string name, in TensorView cache, in TensorView key, in TensorView value)
    {
        OperatorChecks.RequireDisjoint(op, name, cache, "key", key);
        OperatorChecks.RequireDisjoint(op, name, cache, "value", value);
    }

    private readonly struct ScatterRow(
        TensorView key, TensorView value, TensorView keyCache, TensorView valueCache, int* slotMapping) : IRowWork
    {
        public void Execute(int row)
        {
            var slot = slotMapping[row];
            if (slot >= 0)
            {
                Write(key, row, keyCache, slot);
                Write(value, row, valueCache, slot);
            }
        }

        private static void Write(in TensorView rows, int row, in TensorView cache, int slot)
        {
            var source = (byte*)rows.Data + ((nint)row * rows.RowStride * rows.DType.Bytes());
            Elementwise.CopyRow.Convert(source, rows.DType, Slot(cache, slot), cache.DType, rows.RowLength);
        }
    }

    private readonly struct SelectRow(TensorView x, int* index, TensorView y) : IRowWork
    {
        public void Execute(int row)
        {
            var source = (byte*)x.Data + ((nint)index[row] * x.RowStride * x.DType.Bytes());
            var target = (byte*)y.Data + ((nint)row * y.RowStride * y.DType.Bytes());
            Elementwise.CopyRow.Convert(source, x.DType, target, y.DType, x.RowLength);
        }
    }
}
