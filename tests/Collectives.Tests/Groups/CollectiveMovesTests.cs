using AkkaCp.Collectives.Groups;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Collectives.Tests.Groups;

public class CollectiveMovesTests
{
    [Fact]
    public unsafe void AllGather_OfMoreThanASpanHolds_MovesRowByRow()
    {
        // 4 GiB on paper: a member's rows that lie in their place already are not touched.
        float first = 1;
        var view = new TensorView(&first, DType.F32, [1 << 20, 1024]);
        var call = new CollectiveCall
        {
            Member = 0,
            Operation = CollectiveOperation.AllGather,
            Send = view,
            Receive = view,
            RowsPerRank = new[] { view.Rows },
        };

        CollectiveMoves.Run([call]);

        Assert.Equal(1, first);
    }
}
