namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Cuts Q at the number of prev rows: all requests' early blocks before it, all late blocks behind. Only views are made: the local row
/// order already is prev ‖ next.
/// </summary>
internal static class ZigzagQSplitStage
{
    public static SplitQueryMessage Run(QueryMessage message)
    {
        var rows = message.Step.RowMap.Rows;
        var query = message.Query.View;
        return new SplitQueryMessage(
            message.Step, message.Hidden, message.Query, query.Slice(0, rows.TotalQPrev), query.Slice(rows.TotalQPrev, rows.TotalQNext));
    }
}
