using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>All types of ggml by their numbers: those that are read, and the names of the others for errors.</summary>
internal static class BlockTypes
{
    private static readonly BlockType[] s_types =
    [
        Plain(0, "F32", sizeof(float), DType.F32, (blocks, values) => blocks.CopyTo(MemoryMarshal.AsBytes(values))),
        Plain(1, "F16", 2, null, (blocks, values) => TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(blocks), values)),
        Plain(30, "BF16", 2, DType.BF16, (blocks, values) =>
            FloatConversion.FromBFloat16(MemoryMarshal.Cast<byte, ushort>(blocks), values)),
        Quantised(2, "Q4_0", 32, 18, SmallBlocks.Q4Times, DType.Q4, SmallGroups.Q4Times),
        Quantised(3, "Q4_1", 32, 20, SmallBlocks.Q4Plus, DType.Q4M, SmallGroups.Q4Plus),
        Quantised(6, "Q5_0", 32, 22, SmallBlocks.Q5Times, DType.Q5, SmallGroups.Q5Times),
        Quantised(7, "Q5_1", 32, 24, SmallBlocks.Q5Plus, DType.Q5M, SmallGroups.Q5Plus),
        Quantised(8, "Q8_0", 32, 34, SmallBlocks.Q8Times, DType.Q8, SmallGroups.Q8Times),
        Quantised(10, "Q2_K", 256, 84, SuperBlocks.Q2, DType.Q2K, SuperGroups.Q2),
        Quantised(11, "Q3_K", 256, 110, SuperBlocks.Q3, DType.Q3K, SuperGroups.Q3),
        Quantised(12, "Q4_K", 256, 144, SuperBlocks.Q4, DType.Q4K, SuperGroups.Q4),
        Quantised(13, "Q5_K", 256, 176, SuperBlocks.Q5, DType.Q5K, SuperGroups.Q5),
        Quantised(14, "Q6_K", 256, 210, SuperBlocks.Q6, DType.Q6K, SuperGroups.Q6),
        Quantised(20, "IQ4_NL", 32, 18, TableBlocks.Nonlinear, DType.IQ4, SmallGroups.Q4Times),
        Quantised(23, "IQ4_XS", 256, 136, TableBlocks.NonlinearSuper, DType.IQ4K, SuperGroups.Nonlinear),
        Quantised(39, "MXFP4", 32, 17, TableBlocks.Microscaled, DType.MX4, SmallGroups.Microscaled),
    ];

    private static readonly (int Id, string Name)[] s_others =
    [
        (4, "Q4_2, removed"), (5, "Q4_3, removed"), (9, "Q8_1"), (15, "Q8_K"), (16, "IQ2_XXS"), (17, "IQ2_XS"), (18, "IQ3_XXS"),
        (19, "IQ1_S"), (21, "IQ3_S"), (22, "IQ2_S"), (24, "I8"), (25, "I16"), (26, "I32"), (27, "I64"), (28, "F64"), (29, "IQ1_M"),
        (31, "Q4_0_4_4, removed"), (32, "Q4_0_4_8, removed"), (33, "Q4_0_8_8, removed"), (34, "TQ1_0"), (35, "TQ2_0"),
        (36, "IQ4_NL_4_4, removed"), (37, "IQ4_NL_4_8, removed"), (38, "IQ4_NL_8_8, removed"), (40, "NVFP4"),
    ];

    /// <summary>The names of all types that are read, for messages.</summary>
    public static string Readable { get; } = string.Join(", ", s_types.Select(type => type.Stored.Name));

    /// <summary>The type of this number; null for one that is not read.</summary>
    public static BlockType? Find(int id) => Array.Find(s_types, type => type.Id == id);

    /// <summary>What a number that is not read means.</summary>
    public static string NameOf(int id) =>
        Array.Find(s_others, type => type.Id == id).Name is { } name ? $"type {id} ({name})" : $"type {id}, which is unknown";

    private static BlockType Plain(int id, string name, int bytes, DType? inMemory, BlockDecoder decode) =>
        new(id, new WeightType(name, bytes, IsReadable: true, inMemory), decode);

    /// <summary>A type whose decoder takes one block at a time.</summary>
    private static BlockType Quantised(
        int id, string name, int elements, int bytes, BlockDecoder decodeOne, DType? packed = null, BlockUnpacker? unpack = null) =>
        new(id, new WeightType(name, bytes, IsReadable: true, BlockElements: elements, Packed: packed), (blocks, values) =>
        {
            while (!values.IsEmpty)
            {
                decodeOne(blocks[..bytes], values[..elements]);
                blocks = blocks[bytes..];
                values = values[elements..];
            }
        }, unpack);
}
