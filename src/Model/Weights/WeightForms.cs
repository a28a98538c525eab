using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Weights;

/// <summary>Which quantised weights of a model keep their codes and scales in memory, and why others do not.</summary>
public static class WeightForms
{
    /// <summary>All forms of quantised weights that ranks hold, packed ones first, the most bytes first.</summary>
    /// <param name="files">The weights.</param>
    /// <param name="config">The model.</param>
    /// <param name="shards">The ranks' places.</param>
    /// <param name="types">Types in memory.</param>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static IReadOnlyList<WeightForm> Of(
        IWeightSource files, ModelConfig config, IEnumerable<ShardSpec> shards, MatrixTypes types) =>
    [
        .. shards.Distinct().SelectMany(shard => ShardPieces.PiecesOf(config, shard, types)).DistinctBy(piece => piece.Key)
            .SelectMany(piece => FormsOf(files, piece, types))
            .GroupBy(form => (form.Stored, form.InMemory, form.Reason))
            .Select(one => new WeightForm(
                one.Key.Stored, one.Key.InMemory, one.Sum(form => form.Bytes), one.Key.Reason,
                [.. one.SelectMany(form => form.Places).Distinct()]))
            .OrderBy(form => form.Reason is not null).ThenByDescending(form => form.Bytes),
    ];

    private static IEnumerable<WeightForm> FormsOf(IWeightSource files, WeightPiece piece, MatrixTypes types) =>
        from slice in piece.Slices
        let tensor = files.Find(slice.Tensor)
        where tensor is { IsQuantised: true }
        select new WeightForm(
            tensor.Type.Name, piece.DType, piece.Bytes * slice.RowCount / piece.Rows, ReasonOf(files, piece, slice, tensor, types),
            [WeightFiles.PlaceOf(slice.Tensor)]);

    private static string? ReasonOf(
        IWeightSource files, WeightPiece piece, TensorSlice slice, WeightTensor tensor, MatrixTypes types)
    {
        if (types.PackedOf(slice) == piece.DType)
            return null;
        if (!piece.IsPacked)
            return "a table that rows are taken from";
        if (types.PackedOf(slice) is null)
            return files.PackedTypeOf(tensor) is null ? "no packed form has it as it is" : "asked for";
        if (piece.Slices.Any(other => types.PackedOf(other) != types.PackedOf(slice)))
            return "gate and up are of different types";
        return types.Of(piece.Slices) == piece.DType ? "TP cuts its blocks" : "experts are of different types";
    }
}
