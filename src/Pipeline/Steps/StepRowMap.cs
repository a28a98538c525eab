using System.Numerics;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// Where a step's rows lie on this rank and in the KV pool: integers only, made once when the plan enters, read by every layer.
/// The restore order of the K‖V gather is folded into <see cref="GatheredSlots"/>: row i of the rank-major buffer goes to slot i.
/// One map serves one step after another; steps of one shape allocate nothing.
/// </summary>
internal sealed class StepRowMap(int cpSize, int cpRank)
{
    private readonly List<Sequence> _sequences = [];
    private RequestLength[] _lengths = [];
    private CpPlacement[] _placements = [];
    private StepPlan? _plan;

    /// <exception cref="InvalidOperationException">No plan is laid out.</exception>
    public StepPlan Plan => _plan ?? throw new InvalidOperationException("The step has no row map: its first stage has not run.");

    /// <summary>[requests] of the plan, in its order.</summary>
    public IReadOnlyList<Sequence> Sequences => _sequences;

    /// <summary>The rows on all CP ranks.</summary>
    public StepRows All { get; } = new(cpSize);

    /// <summary>The rows of this rank.</summary>
    public RankRows Rows => All.Rank(cpRank);

    /// <summary>[rows] token of each local row.</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>[rows] absolute position of each local row.</summary>
    public int[] Positions { get; private set; } = [];

    /// <summary>[rows] pool slot of each local row that this rank writes without a gather; -1 for rows that travel.</summary>
    public int[] LocalSlots { get; private set; } = [];

    /// <summary>[gathered rows, rank-major] pool slot of each row of the gather.</summary>
    public int[] GatheredSlots { get; private set; } = [];

    /// <summary>[requests, <see cref="BlockTableWidth"/>] block numbers, zeros behind them.</summary>
    public int[] BlockTable { get; private set; } = [];

    public int BlockTableWidth { get; private set; }

    /// <summary>Takes a plan into the table of sequences and lays its rows out.</summary>
    /// <exception cref="InvalidOperationException">The plan does not follow from the plans before it.</exception>
    public void Lay(StepPlan plan, SequenceTable table)
    {
        table.Apply(plan, _sequences);
        var count = plan.Requests.Length;
        _lengths = ExactArray.Reuse(_lengths, count);
        _placements = ExactArray.Reuse(_placements, count);
        for (var i = 0; i < count; i++)
        {
            var request = plan.Requests[i];
            _lengths[i] = new RequestLength(request.Tokens.Length, request.Prefix, request.IsDecode);
            _placements[i] = request.Placement;
        }

        All.Lay(_lengths, _placements);
        _plan = plan;
        LayRows(plan);
        LayGather(plan);
        FlattenBlockTables();
    }

    /// <summary>Lets go of the plan and its requests.</summary>
    public void Clear()
    {
        _plan = null;
        _sequences.Clear();
    }

    private void LayRows(StepPlan plan)
    {
        var rows = Rows;
        Tokens = ExactArray.Reuse(Tokens, rows.Rows);
        Positions = ExactArray.Reuse(Positions, rows.Rows);
        LocalSlots = ExactArray.Reuse(LocalSlots, rows.Rows);
        for (var row = 0; row < rows.Rows; row++)
        {
            var (request, offset) = (rows.LocalToRequest[row], rows.LocalToOffset[row]);
            Tokens[row] = plan.Requests[request].Tokens[offset];
            Positions[row] = plan.Requests[request].Prefix + offset;
            LocalSlots[row] = rows.LocalToGather[row] >= 0 ? -1 : Slot(plan, request, offset);
        }
    }

    private void LayGather(StepPlan plan)
    {
        GatheredSlots = ExactArray.Reuse(GatheredSlots, All.GatheredRequest.Length);
        for (var i = 0; i < GatheredSlots.Length; i++)
            GatheredSlots[i] = Slot(plan, All.GatheredRequest[i], All.GatheredOffset[i]);
    }

    private int Slot(StepPlan plan, int request, int offset) => _sequences[request].Blocks.Slot(plan.Requests[request].Prefix + offset);

    private void FlattenBlockTables()
    {
        var most = 1;
        foreach (var sequence in _sequences)
            most = Math.Max(most, sequence.Blocks.Blocks.Count);

        // Wider than needed, so that a request that grows does not ask for another table with each block.
        BlockTableWidth = (int)BitOperations.RoundUpToPowerOf2((uint)most);
        BlockTable = ExactArray.Reuse(BlockTable, _sequences.Count * BlockTableWidth);
        Array.Clear(BlockTable);
        for (var i = 0; i < _sequences.Count; i++)
            _sequences[i].Blocks.CopyTo(BlockTable.AsSpan(i * BlockTableWidth, BlockTableWidth));
    }
}
