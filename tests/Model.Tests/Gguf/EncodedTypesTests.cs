using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Model.Gguf.Encoders;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Blocks that are made, and those that ggml itself makes of the same floats, byte for byte.</summary>
public class EncodedTypesTests
{
    private static readonly EncodedType[] s_all =
    [
        EncodedTypes.F16, EncodedTypes.BF16, EncodedTypes.Q8_0, EncodedTypes.Q4_0, EncodedTypes.Q5_0, EncodedTypes.Q5_1,
        EncodedTypes.Q4_K, EncodedTypes.Q5_K, EncodedTypes.Q6_K,
    ];

    private static readonly Vectors s_hard = new("ggml-encoded");
    private static readonly Vectors s_plain = new("ggml-blocks");

    public static TheoryData<string> Names => [.. s_all.Select(type => type.Type.Stored.Name)];

    public static TheoryData<string> QuantisedNames =>
        [.. s_all.Where(type => type.Type.Stored.BlockElements > 1).Select(type => type.Type.Stored.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Blocks_AreGgmlsOwn(string name)
    {
        var vector = s_plain.Index.GetProperty("types").GetProperty(name).GetProperty("quantised");
        var values = MemoryMarshal.Cast<byte, float>(s_plain.Part(vector.GetProperty("source")));

        Assert.Equal(s_plain.Part(vector.GetProperty("raw")), Encode(name, values));
    }

    [Theory]
    [MemberData(nameof(QuantisedNames))]
    public void BlocksOfHardValues_AreGgmlsOwn(string name)
    {
        var kinds = s_hard.Index.GetProperty("kinds").EnumerateArray().Select(kind => kind.GetString()!).ToList();
        var values = MemoryMarshal.Cast<byte, float>(s_hard.Part(s_hard.Index.GetProperty("source")));
        var expected = s_hard.Part(s_hard.Index.GetProperty("types").GetProperty(name));
        var bytes = expected.Length / kinds.Count;
        var different = new List<string>();

        foreach (var (i, kind) in kinds.Index())
        {
            if (!Encode(name, values.Slice(256 * i, 256)).AsSpan().SequenceEqual(expected.Slice(bytes * i, bytes)))
                different.Add(kind);
        }

        Assert.Empty(different);
    }

    private static byte[] Encode(string name, ReadOnlySpan<float> values)
    {
        var type = s_all.Single(type => type.Type.Stored.Name == name);
        var blocks = new byte[type.Type.Stored.BytesOf(0, values.Length)];
        blocks.AsSpan().Fill(0xAA);
        type.Encode(values, blocks);
        return blocks;
    }

    private sealed class Vectors(string name)
    {
        private readonly byte[] _bytes = File.ReadAllBytes(PathOf(name + ".bin"));

        public JsonElement Index { get; } = JsonDocument.Parse(File.ReadAllBytes(PathOf(name + ".json"))).RootElement;

        public ReadOnlySpan<byte> Part(JsonElement place) => _bytes.AsSpan(place[0].GetInt32(), place[1].GetInt32());

        private static string PathOf(string file) => Path.Combine(RepositoryFiles.Root, "tests", "vectors", file);
    }
}
