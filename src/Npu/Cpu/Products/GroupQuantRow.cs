using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>Quantises one row of x block by block, with the records that <see cref="GroupLayout"/> describes.</summary>
internal readonly unsafe struct GroupQuantRow(TensorView x, GroupLayout layout, byte* rows, nint stride) : IRowWork
{
    /// <inheritdoc/>
    public void Execute(int row)
    {
        var inputs = layout.RecordInputs;
        var source = (float*)x.Data + ((nint)row * x.RowStride);
        var target = (sbyte*)(rows + (row * stride));
        var record = (byte*)target + GroupLayout.SideStart(x.RowLength);
        for (var k = 0; k < x.RowLength; k += inputs, record += layout.RecordBytes)
        {
            var scale = GroupQuant.Quantize(source + k, inputs, target + k);
            *(float*)record = scale;
            if (layout.Groups == 0)
                NoteSum(target + k, scale, record);
            else
                NoteSums(target + k, record);
        }
    }

    private void NoteSum(sbyte* q, float scale, byte* record)
    {
        var sum = GroupQuant.Sum16(q) + GroupQuant.Sum16(q + 16);
        *(int*)(record + GroupLayout.StartAt) = -layout.Zero * sum;
        *(float*)(record + GroupLayout.ScaledSumAt) = scale * sum;
    }

    private void NoteSums(sbyte* q, byte* record)
    {
        var pairs = (short*)(record + GroupLayout.PairSumsAt);
        var starts = (int*)(record + GroupLayout.StartsAt);
        for (var group = 0; group < layout.Groups; group++, q += layout.Format.GroupInputs)
        {
            var sum = GroupQuant.Sum16(q) + (layout.Format.GroupInputs == 16 ? 0 : GroupQuant.Sum16(q + 16));
            if (layout.Format.HasMins)
                pairs[group] = (short)sum;
            else
                starts[group] = -layout.Zero * sum;
        }
    }
}
