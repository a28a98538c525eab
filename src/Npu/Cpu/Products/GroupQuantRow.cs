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
        var inputs = layout.Format.BlockInputs;
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
        var starts = layout.Format.GroupInputs < GroupLayout.CodeInputs ? (int*)(record + GroupLayout.StartsAt) : null;
        var pairs = (short*)(record + GroupLayout.PairSumsAt);
        for (var k = 0; k < layout.Format.BlockInputs; k += GroupLayout.CodeInputs)
        {
            int low = GroupQuant.Sum16(q + k), high = GroupQuant.Sum16(q + k + 16);
            pairs[k / GroupLayout.CodeInputs] = (short)(low + high);
            if (starts is not null)
            {
                starts[k / 16] = -layout.Zero * low;
                starts[(k / 16) + 1] = -layout.Zero * high;
            }
        }
    }
}
