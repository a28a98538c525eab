using AkkaCp.Collectives.Groups;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Collectives.Tests.Groups;

public class RowMovesTests
{
    // More than 2 GiB, on paper.
    private const int Rows = 33 << 10;
    private const int Columns = 16 << 10;

    [Fact]
    public void Copy_OfMoreThanASpanHolds_MovesRowByRow()
    {
        var paper = new Paper();
        using var pool = new TensorPool(paper);
        using var from = pool.Rent(DType.F32, Rows, Columns);
        using var to = pool.Rent(DType.F32, Rows, Columns);

        RowMoves.Copy(from, to);

        Assert.Equal((Rows, Rows), (paper.CopiesToHost, paper.CopiesFromHost));
    }

    [Fact]
    public void Copy_OfRowsThatLieInTheirPlaceAlready_TouchesNothing()
    {
        var paper = new Paper();
        using var pool = new TensorPool(paper);
        using var rows = pool.Rent(DType.F32, Rows, Columns);

        RowMoves.Copy(rows, rows);

        Assert.Equal((0, 0), (paper.CopiesToHost, paper.CopiesFromHost));
    }

    /// <summary>Memory that is not there; counts who asks for its content.</summary>
    private sealed class Paper : IDeviceMemory
    {
        private nint _next = TensorPool.Alignment;

        public int CopiesToHost { get; private set; }

        public int CopiesFromHost { get; private set; }

        public bool IsHostMemory => false;

        public nint Allocate(nuint bytes) => (_next += (nint)bytes) - (nint)bytes;

        public void Free(nint memory)
        {
        }

        public void CopyToHost(nint from, Span<byte> to) => CopiesToHost++;

        public void CopyFromHost(ReadOnlySpan<byte> from, nint to) => CopiesFromHost++;
    }
}
