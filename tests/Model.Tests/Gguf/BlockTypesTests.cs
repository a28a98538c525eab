using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Blocks and the values that ggml itself makes of them, bit for bit.</summary>
public class BlockTypesTests
{
    private static readonly JsonElement s_types =
        JsonDocument.Parse(File.ReadAllBytes(Vectors("json"))).RootElement.GetProperty("types");

    private static readonly byte[] s_bytes = File.ReadAllBytes(Vectors("bin"));

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var type in s_types.EnumerateObject())
            {
                foreach (var kind in type.Value.EnumerateObject().Where(kind => kind.Value.ValueKind == JsonValueKind.Object))
                    cases.Add(type.Name, kind.Name);
            }

            return cases;
        }
    }

    [Fact]
    public void Vectors_HaveEveryTypeButF32() => Assert.Equal(
        BlockTypes.Readable.Split(", ").Where(name => name != "F32").Order(), s_types.EnumerateObject().Select(type => type.Name).Order());

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_AreGgmlsOwn(string name, string kind)
    {
        var vector = s_types.GetProperty(name);
        var type = BlockTypes.Find(vector.GetProperty("ggml_type").GetInt32())!;
        Assert.Equal(
            (name, vector.GetProperty("block_values").GetInt32(), vector.GetProperty("block_bytes").GetInt32()),
            (type.Stored.Name, type.Stored.BlockElements, type.Stored.BlockBytes));
        var expected = MemoryMarshal.Cast<byte, float>(Part(vector.GetProperty(kind).GetProperty("f32"))).ToArray();
        var found = new float[expected.Length];

        type.Decode(Part(vector.GetProperty(kind).GetProperty("raw")), found);

        Assert.NotEmpty(expected);
        Assert.All(expected.Zip(found), pair =>
        {
            if (float.IsFinite(pair.First))
                Assert.Equal(BitConverter.SingleToUInt32Bits(pair.First), BitConverter.SingleToUInt32Bits(pair.Second));
            else
                Assert.False(float.IsFinite(pair.Second));
        });
    }

    private static string Vectors(string ending) => Path.Combine(RepositoryFiles.Root, "tests", "vectors", "ggml-blocks." + ending);

    private static ReadOnlySpan<byte> Part(JsonElement place) => s_bytes.AsSpan(place[0].GetInt32(), place[1].GetInt32());
}
