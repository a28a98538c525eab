using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>One matrix may be gigabytes: cancelling does not wait for its last row.</summary>
public sealed class PieceCancellationTests : IDisposable
{
    private const int Rows = 8192;
    private const int Columns = 512;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SafetensorsDType.F32, DType.F32)]
    [InlineData(SafetensorsDType.BF16, DType.BF16)]
    [InlineData(SafetensorsDType.BF16, DType.I8)]
    public void PackingThatIsCancelled_TakesNoFurtherRows(SafetensorsDType stored, DType dtype)
    {
        using (var writer = SafetensorsWriter.Create(_folder.File("model.safetensors"), [("w", stored, [Rows, Columns])]))
        {
            writer.Write(new float[Rows * Columns]);
            writer.Complete();
        }

        using var files = SafetensorsSet.Open(Path.GetDirectoryName(_folder.File("model.safetensors"))!);
        using var cancelling = new CancellationTokenSource();
        using var matrix = new CancellingMatrix(dtype, cancelling);
        var piece = WeightPiece.Matrix(dtype, TensorSlice.Rows("w", Rows, Columns, 0, Rows));

        Assert.Throws<OperationCanceledException>(() => PieceReader.PackInto(files, piece, matrix, cancelling.Token));

        Assert.Equal(1, matrix.Calls);
    }

    private sealed class CancellingMatrix(DType dtype, CancellationTokenSource cancelling) : PackedMatrix(Rows, Columns, dtype)
    {
        public int Calls { get; private set; }

        public override long Bytes => 0;

        public override void Pack(int firstRow, ReadOnlySpan<float> rows) => Note();

        public override void PackBF16(int firstRow, ReadOnlySpan<ushort> rows) => Note();

        public override void PackGroups(int firstRow, in GroupRows rows) => Note();

        public override void Dispose()
        {
        }

        private void Note()
        {
            Calls++;
            cancelling.Cancel();
        }
    }
}
