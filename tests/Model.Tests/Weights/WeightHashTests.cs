using System.Collections.Immutable;
using System.IO.Hashing;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

public sealed class WeightHashTests : IDisposable
{
    private static readonly ShardSpec[][] s_layouts =
    [
        [ShardSpec.Whole],
        [new(2, 0, 2, 0, 1, 0), new(2, 1, 2, 1, 1, 0)],
        [new(4, 0, 2, 0, 2, 0), new(4, 1, 2, 1, 2, 0), new(4, 2, 2, 0, 2, 1), new(4, 3, 2, 1, 2, 1)],
        [new(1, 0, 1, 0, 4, 0), new(1, 0, 1, 0, 4, 1), new(1, 0, 1, 0, 4, 2), new(1, 0, 1, 0, 4, 3)],
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly PlainDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void WholeTensor_HasTheHashOfItsStoredBytes_WhateverItsTypeInMemory(string stored)
    {
        var directory = RepositoryFiles.TinyModel(stored);
        using var file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));
        var expected = file.Tensors.Keys.Order(StringComparer.Ordinal).Select(name => new WeightHash(name, HashOf(file, name)));

        foreach (var dtype in (DType[])[DType.F32, DType.BF16, DType.I8])
            Assert.Equal(expected, Hashes(directory, ShardSpec.Whole, dtype));
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void PartOfATensor_HasTheHashOfItsOwnRowsAndColumns(string stored)
    {
        var directory = RepositoryFiles.TinyModel(stored);
        using var file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));
        var found = Hashes(directory, new ShardSpec(2, 1, 2, 1, 1, 0)).ToDictionary(hash => hash.Piece, hash => hash.Hash);

        var element = file.Tensor("lm_head.weight").DType.Bytes();
        Assert.Equal(HashOf(Bytes(file, "lm_head.weight")[(256 * 64 * element)..]), found["lm_head.weight, rows 256 to 511"]);
        var output = Bytes(file, "model.layers.1.self_attn.o_proj.weight").Chunk(128 * element);
        Assert.Equal(
            HashOf([.. output.SelectMany(row => row[(64 * element)..])]),
            found["model.layers.1.self_attn.o_proj.weight, columns 64 to 127"]);
    }

    [Fact]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public void AnyByteOfTheWeights_ChangesTheHashOfItsTensorAndNoOther()
    {
        var model = RepositoryFiles.TinyModel("bf16");
        foreach (var name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(model, name), _folder.File(name));
        var path = _folder.File("model.safetensors");
        var (tensors, dataStart) = Layout(path);
        var sound = s_layouts.Select(layout => layout.SelectMany(shard => Hashes(model, shard)).ToHashSet()).ToList();
        var random = new Random(20261127);
        for (var i = 0; i < CaseShare.Count(400); i++)
        {
            var position = random.NextInt64(tensors.Max(tensor => tensor.End));
            var mask = (byte)(1 << random.Next(8));
            Flip(path, dataStart + position, mask);
            var layout = random.Next(s_layouts.Length);

            var changed = s_layouts[layout].SelectMany(shard => Hashes(_folder.Path, shard))
                .Where(hash => !sound[layout].Contains(hash)).ToList();

            var tensor = tensors.Single(tensor => tensor.Begin <= position && position < tensor.End).Name;
            Assert.True(changed.Count > 0, $"byte {position} of {tensor}, layout {layout}: not noticed");
            Assert.All(changed, hash => Assert.Equal(tensor, hash.Piece.Split(',')[0]));
            Flip(path, dataStart + position, mask);
        }
    }

    [Fact]
    public void LongTensor_IsCutAtTheSameRows_WhereverASliceBegins()
    {
        // 2 097 152 elements are 2048 rows of 1024.
        var bytes = new byte[5000 * 1024 * 2];
        new Random(1).NextBytes(bytes);
        var whole = Hash(TensorSlice.Rows("t", 5000, 1024, 0, 5000), bytes);
        var parts = new[] { 0, 1667, 3334 }.SelectMany(
            first => Hash(TensorSlice.Rows("t", 5000, 1024, first, Math.Min(1667, 5000 - first)), bytes.AsSpan(first * 2048)));

        Assert.Equal(["t, rows 0 to 2047", "t, rows 2048 to 4095", "t, rows 4096 to 4999"], whole.Select(hash => hash.Piece));
        Assert.Equal(
            ["t, rows 0 to 1666", "t, rows 1667 to 2047", "t, rows 2048 to 3333", "t, rows 3334 to 4095", "t, rows 4096 to 4999"],
            parts.Select(hash => hash.Piece));
        Assert.Equal([whole[2]], whole.Intersect(parts));
    }

    [Fact]
    public void SpansOfAnyLength_GiveTheSameHashes()
    {
        var slice = TensorSlice.Columns("t", 900, 40_000, 37, 333);
        var bytes = new byte[900 * 333 * 2];
        new Random(2).NextBytes(bytes);
        var expected = Hash(slice, bytes);
        Assert.Equal(15, expected.Length);

        var random = new Random(3);
        var hasher = new SliceHasher(slice, slice.ColumnCount * 2L);
        for (var at = 0; at < bytes.Length;)
        {
            var count = Math.Min(random.Next(1, 100_000), bytes.Length - at);
            hasher.Append(bytes.AsSpan(at, count));
            at += count;
        }

        Assert.Equal(expected, hasher.Finish());
    }

    [Fact]
    public void SliceThatWasNotReadToItsEnd_HasNoHash()
    {
        var hasher = new SliceHasher(TensorSlice.Rows("t", 8, 8, 0, 8), 16);
        hasher.Append(new byte[126]);
        Assert.Contains("t[0+8,0+8]", Assert.Throws<InvalidOperationException>(() => hasher.Finish()).Message);
    }

    [Fact]
    public void SecondRankOfAProcess_HasTheHashesOfPiecesThatItShares_AndAReloadReadsAgain()
    {
        var model = RepositoryFiles.TinyModel("bf16");
        foreach (var name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(model, name), _folder.File(name));
        var store = new WeightStore();
        using (var first = Load(_folder.Path, ShardSpec.Whole, DType.BF16, store))
        using (var second = Load(_folder.Path, ShardSpec.Whole, DType.BF16, store))
            Assert.Equal(first.Hashes, second.Hashes);

        var path = _folder.File("model.safetensors");
        var written = File.GetLastWriteTimeUtc(path);
        Flip(path, Layout(path).DataStart, 1);
        File.SetLastWriteTimeUtc(path, written);
        using var again = Load(_folder.Path, ShardSpec.Whole, DType.BF16, store);
        Assert.Single(again.Hashes.Except(Hashes(model, ShardSpec.Whole)));
    }

    private static ImmutableArray<WeightHash> Hash(TensorSlice slice, ReadOnlySpan<byte> bytes)
    {
        var hasher = new SliceHasher(slice, slice.ColumnCount * 2L);
        hasher.Append(bytes[..(slice.RowCount * slice.ColumnCount * 2)]);
        return hasher.Finish();
    }

    private static UInt128 HashOf(SafetensorsFile file, string tensor) => HashOf(Bytes(file, tensor));

    private static UInt128 HashOf(byte[] bytes) => XxHash128.HashToUInt128(bytes);

    private static byte[] Bytes(SafetensorsFile file, string tensor)
    {
        var entry = file.Tensor(tensor);
        var bytes = new byte[entry.End - entry.Begin];
        file.ReadStored(tensor, 0, (int)entry.Rows, 0, (int)entry.Columns, bytes);
        return bytes;
    }

    private static (IReadOnlyList<SafetensorsTensor> Tensors, long DataStart) Layout(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var tensors = file.Tensors.Values.ToList();
        return (tensors, new FileInfo(path).Length - tensors.Max(tensor => tensor.End));
    }

    private static void Flip(string path, long position, byte mask)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = position;
        var value = (byte)file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ mask));
    }

    private ImmutableArray<WeightHash> Hashes(string directory, ShardSpec shard, DType dtype = DType.BF16)
    {
        var store = new WeightStore();
        using var weights = Load(directory, shard, dtype, store);
        return weights.Hashes;
    }

    private ModelWeights Load(string directory, ShardSpec shard, DType dtype, WeightStore store) =>
        ModelLoader.Load(directory, ModelConfig.Load(directory), shard, _device, dtype, store);
}
