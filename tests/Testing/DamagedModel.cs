using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace AkkaCp.Testing;

/// <summary>A copy of the tiny float32 model with single weights overwritten; disposing it removes the copy.</summary>
public sealed class DamagedModel : IDisposable
{
    private static readonly JsonObject s_header = ReadHeader();

    /// <summary>Makes the copy.</summary>
    /// <param name="tensor">Whose weights.</param>
    /// <param name="place">Which of its values, from 0.</param>
    /// <param name="values">What is written from there on.</param>
    public DamagedModel(string tensor, int place, params float[] values)
    {
        Path = Directory.CreateTempSubdirectory("akkacp-damaged-").FullName;
        foreach (var file in Directory.GetFiles(RepositoryFiles.TinyModel("f32")))
            File.Copy(file, System.IO.Path.Combine(Path, System.IO.Path.GetFileName(file)));
        using var weights = File.OpenHandle(WeightsOf(Path), FileMode.Open, FileAccess.Write);
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        RandomAccess.Write(weights, bytes, DataStart + (long)s_header[tensor]!["data_offsets"]![0]! + (place * sizeof(float)));
    }

    /// <summary>Names of all tensors, in the file's order.</summary>
    public static IReadOnlyList<string> Tensors { get; } = [.. s_header.Select(entry => entry.Key).Where(name => name != "__metadata__")];

    /// <summary>The copy's directory.</summary>
    public string Path { get; }

    private static long DataStart { get; set; }

    /// <summary>How many values a tensor has.</summary>
    public static int LengthOf(string tensor) =>
        s_header[tensor]!["shape"]!.AsArray().Aggregate(1, (product, size) => product * (int)size!);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string WeightsOf(string directory) => System.IO.Path.Combine(directory, "model.safetensors");

    private static JsonObject ReadHeader()
    {
        var bytes = File.ReadAllBytes(WeightsOf(RepositoryFiles.TinyModel("f32")));
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        DataStart = sizeof(long) + length;
        return JsonNode.Parse(bytes.AsSpan(sizeof(long), length))!.AsObject();
    }
}
