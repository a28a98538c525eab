using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Safetensors;

public sealed class SafetensorsSetTests : IDisposable
{
    private const string IndexFile = "model.safetensors.index.json";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_AreOneSet()
    {
        WriteShard("one.safetensors", "a");
        WriteShard("two.safetensors", "b");
        WriteIndex("""{"a": "one.safetensors", "b": "two.safetensors"}""");

        using var set = SafetensorsSet.Open(_folder.Path);

        Assert.Equal(["a", "b"], set.Tensors.Select(tensor => tensor.Name).Order());
        Assert.EndsWith("two.safetensors", set.Find("b")!.File, StringComparison.Ordinal);
        Assert.Null(set.Find("c"));
    }

    [Theory]
    [InlineData("""{"a": "one.safetensors", "b": "gone.safetensors"}""", "no such file")]
    [InlineData("""{"a": "one.safetensors", "b": "../two.safetensors"}""", "the plain name of a file")]
    [InlineData("""{"a": "one.safetensors", "b": "/etc/passwd"}""", "the plain name of a file")]
    [InlineData("""{"a": "one.safetensors", "b": ".."}""", "the plain name of a file")]
    [InlineData("""{"a": "one.safetensors", "b": ""}""", "the plain name of a file")]
    [InlineData("""{"a": "one.safetensors", "b": "x\\two.safetensors"}""", "the plain name of a file")]
    [InlineData("""{"a": "one.safetensors", "b": "link.safetensors"}""", "to stay inside the model directory")]
    [InlineData("""{"a": "one.safetensors", "b": "one.safetensors"}""", "in no shard")]
    [InlineData("""{"a": "two.safetensors", "b": "one.safetensors"}""", "the tensor in two.safetensors")]
    [InlineData("""{"a": "one.safetensors", "b": "two.safetensors", "c": "twice.safetensors"}""", "a tensor in one shard")]
    [InlineData("""{"a": "one.safetensors", "b": "two.safetensors", "c": "more.safetensors"}""", "an entry of weight_map")]
    [InlineData("""{"a": "one.safetensors", "b": 2}""", "a file name")]
    [InlineData("""{"a": "one.safetensors", "a": "two.safetensors"}""", "JSON")]
    [InlineData("{}", "at least one tensor")]
    [InlineData("[]", "an object from tensor to file name")]
    [InlineData("{", "JSON")]
    public void BrokenIndex_IsRefusedByName(string map, string expected)
    {
        using var outside = new TemporaryFolder();
        SafetensorsFileTests.Write(outside.File("x"), SafetensorsDType.F32, [1], writer => writer.Write([1f]), "b");
        File.CreateSymbolicLink(_folder.File("link.safetensors"), outside.File("x"));
        WriteShard("one.safetensors", "a");
        WriteShard("two.safetensors", "b");
        WriteShard("twice.safetensors", "c", "a");
        WriteShard("more.safetensors", "c", "d");
        WriteIndex(map);

        var error = Assert.Throws<ModelFormatException>(() => SafetensorsSet.Open(_folder.Path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LinksInsideTheFolderAndIntoAHubCache_AreFollowed()
    {
        var snapshot = Directory.CreateDirectory(_folder.File("repo/snapshots/0abc")).FullName;
        Directory.CreateDirectory(_folder.File("repo/blobs"));
        WriteShard("repo/blobs/f00d", "a");
        WriteShard("repo/snapshots/0abc/real.safetensors", "b");
        File.CreateSymbolicLink(Path.Combine(snapshot, "one.safetensors"), "../../blobs/f00d");
        File.CreateSymbolicLink(Path.Combine(snapshot, "two.safetensors"), "real.safetensors");
        File.WriteAllText(Path.Combine(snapshot, IndexFile), """{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}""");

        using var set = SafetensorsSet.Open(snapshot);

        Assert.Equal(2, set.Tensors.Select(tensor => tensor.File).Distinct().Count());
    }

    [Fact]
    public void FolderWithoutWeights_IsANamedError()
    {
        var error = Assert.Throws<ModelFormatException>(() => SafetensorsSet.Open(_folder.Path));

        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NonFiniteWeights_AreFoundAndCounted()
    {
        using (var writer = SafetensorsWriter.Create(_folder.File("model.safetensors"),
            [("good", SafetensorsDType.F32, [3]), ("nan", SafetensorsDType.F32, [4]), ("inf", SafetensorsDType.BF16, [2]),
                ("ints", SafetensorsDType.I32, [1])]))
        {
            writer.Write([1f, float.MaxValue, float.Epsilon]);
            writer.Write([float.NaN, 1f, float.NegativeInfinity, 0f]);
            writer.Write([0f, float.PositiveInfinity]);
            writer.WriteBytes([0xFF, 0xFF, 0xFF, 0xFF]);
            writer.Complete();
        }

        using var set = SafetensorsSet.Open(_folder.Path);

        Assert.Equal([("inf", 1L), ("nan", 2L)], set.FindNonFinite().Order());
    }

    private void WriteShard(string file, params string[] tensors)
    {
        using var writer = SafetensorsWriter.Create(
            _folder.File(file), tensors.Select(name => (name, SafetensorsDType.F32, (IReadOnlyList<long>)[1L])));
        foreach (var _ in tensors)
            writer.Write([1f]);

        writer.Complete();
    }

    private void WriteIndex(string map) => File.WriteAllText(_folder.File(IndexFile), $$"""{"metadata": {}, "weight_map": {{map}}}""");
}
