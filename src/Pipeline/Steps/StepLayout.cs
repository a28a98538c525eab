using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// Where a step's rows lie on this rank and in the KV pool: integers only, made once when the plan enters, read by every layer.
/// The restore order of the K‖V gather is folded into <see cref="GatheredSlots"/>: row i of the rank-major buffer goes to slot i.
/// </summary>
internal sealed class StepLayout
{
    private StepLayout(StepPlan plan, Sequence[] sequences, StepRows all, int cpRank)
    {
        Plan = plan;
        Sequences = sequences;
        All = all;
        Rows = all.Rank(cpRank);
    }

    public StepPlan Plan { get; }

    public Sequence[] Sequences { get; }

    /// <summary>The layout on all CP ranks.</summary>
    public StepRows All { get; }

    /// <summary>The rows of this rank.</summary>
    public RankRows Rows { get; }

    /// <summary>[rows] token of each local row.</summary>
    public int[] Tokens { get; private init; } = [];

    /// <summary>[rows] absolute position of each local row.</summary>
    public int[] Positions { get; private init; } = [];

    /// <summary>[rows] pool slot of each local row that this rank writes without a gather; -1 for rows that travel.</summary>
    public int[] LocalSlots { get; private init; } = [];

    /// <summary>[gathered rows, rank-major] pool slot of each row of the gather.</summary>
    public int[] GatheredSlots { get; private init; } = [];

    /// <summary>[requests, <see cref="BlockTableWidth"/>] block numbers.</summary>
    public int[] BlockTable { get; private init; } = [];

    public int BlockTableWidth { get; private init; }

    public static StepLayout Create(StepPlan plan, Sequence[] sequences, int cpSize, int cpRank)
    {
        var lengths = new RequestLength[plan.Requests.Length];
        var placements = new CpPlacement[plan.Requests.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            var request = plan.Requests[i];
            lengths[i] = new RequestLength(request.Tokens.Length, request.Prefix, request.IsDecode);
            placements[i] = request.Placement;
        }

        var all = StepRows.Create(lengths, placements, cpSize);
        var rows = all.Rank(cpRank);
        var width = Math.Max(1, sequences.Length == 0 ? 1 : sequences.Max(sequence => sequence.Blocks.Blocks.Count));
        return new StepLayout(plan, sequences, all, cpRank)
        {
            Tokens = Map(rows.Rows, row => plan.Requests[rows.LocalToRequest[row]].Tokens[rows.LocalToOffset[row]]),
            Positions = Map(rows.Rows, row => plan.Requests[rows.LocalToRequest[row]].Prefix + rows.LocalToOffset[row]),
            LocalSlots = Map(rows.Rows, row =>
                rows.LocalToGather[row] >= 0 ? -1 : Slot(rows.LocalToRequest[row], rows.LocalToOffset[row])),
            GatheredSlots = Map(all.GatheredRequest.Length, i => Slot(all.GatheredRequest[i], all.GatheredOffset[i])),
            BlockTable = FlattenBlockTables(sequences, width),
            BlockTableWidth = width,
        };

        int Slot(int request, int offset) => sequences[request].Blocks.Slot(plan.Requests[request].Prefix + offset);
    }

    private static int[] Map(int count, Func<int, int> value)
    {
        var result = new int[count];
        for (var i = 0; i < count; i++)
        {
            result[i] = value(i);
        }

        return result;
    }

    private static int[] FlattenBlockTables(Sequence[] sequences, int width)
    {
        var table = new int[sequences.Length * width];
        for (var i = 0; i < sequences.Length; i++)
        {
            sequences[i].Blocks.CopyTo(table.AsSpan(i * width, width));
        }

        return table;
    }
}
