using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Two paged calls per context-parallel rank, prev and next, give the rows of one call for the whole sequence.</summary>
public sealed class ContextParallelAttentionTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });

    public static TheoryData<string> EndToEnd => [.. CpVectors.CaseNames("cp_attention_end_to_end")];

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Theory]
    [MemberData(nameof(EndToEnd))]
    public void TwoCallsPerRank_GiveTheRowsOfTheWhole(string name)
    {
        using var sequence = new PagedSequence(_device, CpVectors.Case("cp_attention_end_to_end", name));
        var whole = sequence.AttendWhole();
        sequence.AssertExpected(whole);
        var rowsSeen = new HashSet<int>();
        foreach (var rank in sequence.Vector.GetProperty("ranks").EnumerateArray())
        {
            var rows = rank.Ints("global_rows")!;
            var prev = rank.GetProperty("fia_call_prev");
            var next = rank.GetProperty("fia_call_next");
            var prevRows = prev.Ints("actual_seq_lengths")![^1];
            float[] found =
            [
                .. sequence.Attend(rows[..prevRows], prev.Ints("actual_seq_lengths")!, prev.Ints("actual_seq_lengths_kv")!),
                .. sequence.Attend(rows[prevRows..], next.Ints("actual_seq_lengths")!, next.Ints("actual_seq_lengths_kv")!),
            ];
            Assert.Equal(rank.GetProperty("expected_out_sum").GetDouble(), found.Sum(x => (double)x), 1e-4);
            for (var j = 0; j < rows.Length; j++)
            {
                Assert.True(rowsSeen.Add(rows[j]), $"row {rows[j]} is on two ranks");
                Assert.Equal(sequence.Row(whole, rows[j]), sequence.Row(found, j));
            }
        }

        Assert.Equal(sequence.TotalRows, rowsSeen.Count);
    }

    [Fact]
    public void PadRows_AreNotGivenToTheOperator()
    {
        foreach (var rule in CpVectors.Section("padding").GetProperty("fia_pad_rule").EnumerateArray())
        {
            var (physical, prev, next) = (rule.Int("physical_rows"), rule.Int("total_q_prev"), rule.Int("total_q_next"));
            using var query = new FencedTensor(_device.Memory, DType.F32, [physical, 2, 16]).Write(new Rng(1).Floats(physical * 32));
            using var cache = new FencedTensor(_device.Memory, DType.F32, [2, 16, 1, 16]).Write(new Rng(2).Floats(512));
            using var output = new FencedTensor(_device.Memory, DType.F32, [rule.Int("out_rows"), 2, 16]).Write(new float[physical * 32]);
            foreach (var (first, rows, kv)
                in new[] { (0, prev, rule.Ints("actual_seq_lengths_kv_prev")), (prev, next, rule.Ints("actual_seq_lengths_kv_next")) })
            {
                _device.FusedInferAttentionScore(new FiaArguments
                {
                    Query = query.View.Slice(first, rows),
                    Key = cache,
                    Value = cache,
                    Output = output.View.Slice(first, rows),
                    NumHeads = 2,
                    NumKeyValueHeads = 1,
                    SparseMode = 3,
                    AttenMask = FiaMask.Compressed,
                    ActualSeqLengths = [rows],
                    ActualSeqLengthsKv = kv ?? [first + rows],
                    BlockTable = [1],
                    BlockTableRows = 1,
                    BlockSize = 16,
                });
            }

            var logical = prev + next;
            Assert.All(output.Read()[(logical * 32)..], x => Assert.Equal(0f, x));
            Assert.All(output.Read()[..(logical * 32)], x => Assert.NotEqual(0f, x));
            output.AssertFence();
        }
    }
}
