using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Model.Sampling;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// logits = normed·W_vocabᵀ, only for rows that need them: the last row of a request that samples, or every row of one that
/// asked for all. The vocabulary is split over ATTN_TP and gathered; the group's first rank samples and reports.
/// </summary>
internal sealed class LmHeadStage(RankSetup setup, CancellationToken graph)
{
    /// <summary>Rows of logits at once: bounds the buffer when all rows are wanted.</summary>
    private const int BlockRows = 128;

    private readonly Sampler _sampler = new(setup.Weights.Config.VocabSize);
    private readonly INpuDevice _device = setup.Device;

    // Of the step inside the stage, which is one at a time.
    private readonly List<int> _wanted = [];
    private readonly List<RequestSample> _samples = [];

    // Columns of the vocabulary, and values of this block, on each member of ATTN_TP.
    private readonly int[] _columns = ColumnsOfMembers(setup);
    private readonly int[] _values = new int[setup.Groups.AttnTp.Size];

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SampledMessage> RunAsync(NormedMessage message)
    {
        var (step, hidden, normed) = message;
        hidden.Dispose();
        _samples.Clear();
        FindWantedRows(step.RowMap);
        for (var block = 0; block * BlockRows < _wanted.Count; block++)
        {
            using var logits = await ComputeAsync(step, normed, block).ConfigureAwait(false);
            Report(step.RowMap, logits, RowsOf(block));
        }

        normed.Dispose();
        return new SampledMessage(step, [.. _samples]);
    }

    /// <summary>Local rows whose logits are wanted; a replicated request's are computed by its owner alone.</summary>
    private void FindWantedRows(StepRowMap map)
    {
        _wanted.Clear();
        for (var row = 0; row < map.Rows.Rows; row++)
        {
            var index = map.Rows.LocalToRequest[row];
            var request = map.Plan.Requests[index];
            var mine = request.Placement.Kind != Partition.PlacementKind.Replicated || request.Placement.Owner == setup.Groups.AttnCp.Rank;
            if (mine && (map.Sequences[index].Start.AllLogits || IsSampled(map, row)))
                _wanted.Add(row);
        }
    }

    private ReadOnlySpan<int> RowsOf(int block) =>
        CollectionsMarshal.AsSpan(_wanted).Slice(block * BlockRows, Math.Min(BlockRows, _wanted.Count - (block * BlockRows)));

    private static bool IsSampled(StepRowMap map, int row)
    {
        var request = map.Plan.Requests[map.Rows.LocalToRequest[row]];
        return request.Sample && map.Rows.LocalToOffset[row] == request.Tokens.Length - 1;
    }

    /// <summary>[rows, V] on every rank of ATTN_TP.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Tensor> ComputeAsync(StepContext step, Tensor normed, int block)
    {
        var rows = RowsOf(block).Length;
        using var selected = step.Rent(DType.F32, rows, normed.View.RowLength);
        _device.IndexSelect(normed, RowsOf(block), selected);
        var share = step.Rent(DType.F32, rows, setup.Weights.LmHead.N);
        _device.MatMul(selected, setup.Weights.LmHead, null, share);
        return setup.Groups.AttnTp.Size == 1 ? share : await GatherVocabularyAsync(step, share, block).ConfigureAwait(false);
    }

    /// <summary>Each member's columns arrive as one run of values; here they are set side by side again.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Tensor> GatherVocabularyAsync(StepContext step, Tensor share, int block)
    {
        var group = setup.Groups.AttnTp;
        var rows = share.View.Rows;
        var vocabSize = setup.Weights.Config.VocabSize;
        for (var member = 0; member < group.Size; member++)
            _values[member] = _columns[member] * rows;

        using (share)
        {
            using var gathered = step.Rent(DType.F32, rows * vocabSize, 1);
            await step.WaitFor(group.AllGatherAsync(
                step.Tag(block, CollectiveKind.LogitsGather), share.View.Reshape(_values[group.Rank], 1), gathered, _values, graph));
            var logits = step.Rent(DType.F32, rows, vocabSize);
            SetSideBySide(gathered, logits);
            return logits;
        }
    }

    private static int[] ColumnsOfMembers(RankSetup setup) =>
    [
        .. Enumerable.Range(0, setup.Groups.AttnTp.Size)
            .Select(member => (setup.Weights.Shard with { AttnTpRank = member }).VocabRows(setup.Weights.Config).Count),
    ];

    private void SetSideBySide(TensorView gathered, TensorView logits)
    {
        var (first, column) = (0, 0);
        foreach (var columns in _columns)
        {
            var share = gathered.Slice(first, columns * logits.Rows).Reshape(logits.Rows, columns);
            _device.Cast(share, logits.Columns(column, columns));
            (first, column) = (first + (share.Rows * columns), column + columns);
        }
    }

    private void Report(StepRowMap map, TensorView logits, ReadOnlySpan<int> rows)
    {
        if (setup.Groups.AttnTp.Rank != 0)
            return;

        for (var i = 0; i < rows.Length; i++)
        {
            var sequence = map.Sequences[map.Rows.LocalToRequest[rows[i]]];
            var position = map.Positions[rows[i]];
            using var row = logits.Slice(i, 1).MapRead();
            if (NonFiniteRow.Describe(row.F32) is { } found)
            {
                Refuse(map.Plan.Step, sequence.Id, $"logits of position {position}: expected finite numbers, found {found}");
                continue;
            }

            if (sequence.Start.AllLogits)
                setup.Logits?.Write(sequence.Id, position, row.F32);

            if (IsSampled(map, rows[i]))
                _samples.Add(Sample(map.Plan.Step, sequence, position + 1, row.F32));
        }
    }

    /// <summary>Finite logits may still overflow under a request's penalties.</summary>
    private RequestSample Sample(long step, Sequence sequence, int position, ReadOnlySpan<float> logits)
    {
        try
        {
            return new RequestSample(
                sequence.Id, _sampler.Sample(logits, sequence.Start.Sampling, position, sequence.Counts));
        }
        catch (NonFiniteLogitsException exception)
        {
            return NotFinite(step, sequence.Id, exception.Message);
        }
    }

    /// <summary>A request whose logits are not finite fails alone, and once; the others of the step go on.</summary>
    private void Refuse(long step, long sequenceId, string message)
    {
        if (!_samples.Exists(sample => sample.SequenceId == sequenceId))
            _samples.Add(NotFinite(step, sequenceId, message));
    }

    private RequestSample NotFinite(long step, long sequenceId, string message) => new(
        sequenceId, null, new PipelineFault(FaultKind.NonFiniteLogits, nameof(StageNames.LmHead), -1, setup.Rank, step, message));
}
