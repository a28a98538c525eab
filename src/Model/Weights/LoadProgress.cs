namespace AkkaCp.Model.Weights;

/// <summary>How far one rank's loading is.</summary>
/// <param name="BytesDone">Weight bytes in place, unpadded.</param>
/// <param name="BytesTotal">Weight bytes of this rank, unpadded.</param>
/// <param name="Tensor">The stored tensor that was placed last.</param>
public readonly record struct LoadProgress(long BytesDone, long BytesTotal, string Tensor);
