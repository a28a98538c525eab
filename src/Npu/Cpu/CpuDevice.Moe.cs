using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

// Mixture of experts: who goes where, and back.
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc cref="INpuDevice.MoeGatingTopKSoftmax"/>
    public void MoeGatingTopKSoftmax(TensorView logits, bool renormalize, TensorView weights, Span<int> experts)
    {
        const string Op = nameof(MoeGatingTopKSoftmax);
        OperatorChecks.RequireMatrix(Op, "x", logits);
        OperatorChecks.RequireMatrix(Op, "y", weights);
        var (tokens, choices) = (logits.Rows, weights.RowLength);
        if (logits.RowLength is < 1 or > Experts.MoeGating.MaxExperts)
            OperatorChecks.Refuse(Op, "x", $"1 to {Experts.MoeGating.MaxExperts} experts", logits.ToString());

        if (choices < 1 || choices > logits.RowLength || weights.Rows != tokens)
            OperatorChecks.Refuse(Op, "y", $"[{tokens}, k], k from 1 to {logits.RowLength}", weights.ToString());

        RequireLength(Op, "expert_idx", experts, (long)tokens * choices);
        OperatorChecks.RequireDisjoint(Op, "y", weights, "x", logits);
        fixed (int* chosen = experts)
            RunRows(tokens, logits.RowLength, new GatingRow(logits, renormalize, weights, chosen));
    }

    /// <inheritdoc cref="INpuDevice.MoeInitRouting(TensorView, ReadOnlySpan{int}, int, TensorView, Span{int}, Span{int})"/>
    public void MoeInitRouting(TensorView x, ReadOnlySpan<int> experts, int firstExpert, TensorView expandedX,
        Span<int> expandedRowIdx, Span<int> groupList)
    {
        const string Op = nameof(MoeInitRouting);
        OperatorChecks.RequireMatrix(Op, "x", x);
        RequireFirstExpert(Op, firstExpert);
        if (x.Rows == 0 ? experts.Length != 0 : experts.Length % x.Rows != 0)
            OperatorChecks.Refuse(Op, "expert_idx", $"the same number of choices for each of {x.Rows} tokens", $"{experts.Length}");

        RequireLength(Op, "expanded_row_idx", expandedRowIdx, experts.Length);
        OperatorChecks.RequireRows(
            Op, "expanded_x", expandedX, Experts.MoeRouting.CountInRange(experts, firstExpert, groupList.Length), x.RowLength);
        OperatorChecks.RequireDisjoint(Op, "expanded_x", expandedX, "x", x);
        Experts.MoeRouting.Place(experts, firstExpert, expandedRowIdx, groupList);
        if (x.Rows == 0)
            return;

        fixed (int* places = expandedRowIdx)
        {
            var choices = experts.Length / x.Rows;
            RunRows(x.Rows, x.RowLength, new ExpandRow(x, places, choices, expandedX));
        }
    }

    /// <inheritdoc cref="INpuDevice.MoeInitRouting(ReadOnlySpan{int}, int, int, Span{int}, Span{int}, Span{int})"/>
    public void MoeInitRouting(
        ReadOnlySpan<int> experts, int choices, int firstExpert, Span<int> sourceRows, Span<int> expandedRowIdx, Span<int> groupList)
    {
        const string Op = nameof(MoeInitRouting);
        RequireFirstExpert(Op, firstExpert);
        if (choices < 1 || experts.Length % choices != 0)
        {
            OperatorChecks.Refuse(
                Op, "expert_idx", "the same number of choices, at least 1, for each token", $"{experts.Length} for {choices} each");
        }

        RequireLength(Op, "expanded_row_idx", expandedRowIdx, experts.Length);
        RequireLength(Op, "source_rows", sourceRows, Experts.MoeRouting.CountInRange(experts, firstExpert, groupList.Length));
        Experts.MoeRouting.Place(experts, firstExpert, expandedRowIdx, groupList);
        for (var i = 0; i < expandedRowIdx.Length; i++)
        {
            if (expandedRowIdx[i] >= 0)
                sourceRows[expandedRowIdx[i]] = i / choices;
        }
    }

    /// <inheritdoc cref="INpuDevice.MoeFinalizeRouting"/>
    public void MoeFinalizeRouting(TensorView expandedY, TensorView weights, ReadOnlySpan<int> expandedRowIdx, TensorView y)
    {
        const string Op = nameof(MoeFinalizeRouting);
        OperatorChecks.RequireMatrix(Op, "expanded_x", expandedY);
        OperatorChecks.RequireMatrix(Op, "scales", weights);
        OperatorChecks.RequireRows(Op, "out", y, weights.Rows, expandedY.RowLength);
        RequireLength(Op, "expanded_row_idx", expandedRowIdx, weights.Count);
        for (var i = 0; i < expandedRowIdx.Length; i++)
        {
            if (expandedRowIdx[i] < -1 || expandedRowIdx[i] >= expandedY.Rows)
                OperatorChecks.Refuse(Op, "expanded_row_idx", $"-1 to {expandedY.Rows - 1}", $"{expandedRowIdx[i]} at [{i}]");
        }

        OperatorChecks.RequireDisjoint(Op, "out", y, "expanded_x", expandedY);
        OperatorChecks.RequireDisjoint(Op, "out", y, "scales", weights);
        fixed (int* places = expandedRowIdx)
            RunRows(y.Rows, y.RowLength, new CombineRow(expandedY, weights, places, y));
    }

    private static void RequireFirstExpert(string op, int firstExpert)
    {
        if (firstExpert < 0)
            OperatorChecks.Refuse(op, "active_expert_range", "a first expert of at least 0", $"{firstExpert}");
    }

    private static void RequireLength(string op, string argument, ReadOnlySpan<int> span, long length)
    {
        if (span.Length != length)
            OperatorChecks.Refuse(op, argument, $"{length} entries", $"{span.Length}");
    }

    private readonly struct GatingRow(TensorView logits, bool renormalize, TensorView weights, int* experts) : IRowWork
    {
        public void Execute(int row) => Experts.MoeGating.Row(
            Row(logits, row), logits.RowLength, renormalize, Row(weights, row), experts + ((nint)row * weights.RowLength),
            weights.RowLength);
    }

    private readonly struct ExpandRow(TensorView x, int* places, int choices, TensorView expandedX) : IRowWork
    {
        public void Execute(int row)
        {
            var source = new ReadOnlySpan<float>(Row(x, row), x.RowLength);
            for (var j = 0; j < choices; j++)
            {
                var place = places[((nint)row * choices) + j];
                if (place >= 0)
                    source.CopyTo(new Span<float>(Row(expandedX, place), x.RowLength));
            }
        }
    }

    private readonly struct CombineRow(TensorView expandedY, TensorView weights, int* places, TensorView y) : IRowWork
    {
        public void Execute(int row) => Experts.MoeCombine.Row(
            (float*)expandedY.Data, expandedY.RowStride, Row(weights, row), places + ((nint)row * weights.RowLength),
            weights.RowLength, Row(y, row), y.RowLength);
    }
}
