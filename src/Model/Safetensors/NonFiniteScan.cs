namespace AkkaCp.Model.Safetensors;

/// <summary>Counts NaN and infinite elements of one tensor, a bounded piece at a time.</summary>
internal static class NonFiniteScan
{
    public static long Count(SafetensorsFile file, SafetensorsTensor tensor, CancellationToken cancellationToken)
    {
        using var buffer = new ReadBuffer();
        var floats = new float[ReadBuffer.MaxBytes / sizeof(float)];
        var size = tensor.DType.Bytes();
        long count = 0;
        for (long offset = 0; offset < tensor.End - tensor.Begin;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var elements = (int)Math.Min(floats.Length, (tensor.End - tensor.Begin - offset) / size);
            var bytes = buffer.Take(elements * size);
            file.ReadBytes(tensor.Name, offset, bytes);
            FloatConversion.ToSingle(tensor.DType, bytes, floats.AsSpan(0, elements));
            count += CountIn(floats.AsSpan(0, elements));
            offset += bytes.Length;
        }

        return count;
    }

    private static int CountIn(ReadOnlySpan<float> values)
    {
        var count = 0;
        foreach (var value in values)
            count += float.IsFinite(value) ? 0 : 1;

        return count;
    }
}
