using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>The types that are written.</summary>
internal static class EncodedTypes
{
    private static readonly float s_largestHalf = (float)Half.MaxValue;

    /// <summary>Floats as they are.</summary>
    public static EncodedType F32 { get; } =
        new(BlockTypes.Find(0)!, float.MaxValue, (values, blocks) => MemoryMarshal.AsBytes(values).CopyTo(blocks));

    /// <summary>Rounded to nearest even.</summary>
    public static EncodedType F16 { get; } = new(BlockTypes.Find(1)!, s_largestHalf, (values, blocks) =>
        TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(blocks)));

    /// <summary>Rounded to nearest even.</summary>
    public static EncodedType BF16 { get; } = new(BlockTypes.Find(30)!, s_largestHalf, (values, blocks) =>
        FloatConversion.ToBFloat16(values, MemoryMarshal.Cast<byte, ushort>(blocks)));

    /// <summary>Signed bytes.</summary>
    public static EncodedType Q8_0 { get; } = Quantised(8, SmallEncoders.Q8Times);

    /// <summary>Four bits.</summary>
    public static EncodedType Q4_0 { get; } = Quantised(2, SmallEncoders.Q4Times);

    /// <summary>Five bits.</summary>
    public static EncodedType Q5_0 { get; } = Quantised(6, SmallEncoders.Q5Times);

    /// <summary>Five bits over a minimum.</summary>
    public static EncodedType Q5_1 { get; } = Quantised(7, SmallEncoders.Q5Plus);

    /// <summary>Four bits over a minimum, in groups of 32.</summary>
    public static EncodedType Q4_K { get; } = Quantised(12, SuperEncoders.Q4);

    /// <summary>Five bits over a minimum, in groups of 32.</summary>
    public static EncodedType Q5_K { get; } = Quantised(13, SuperEncoders.Q5);

    /// <summary>Six bits, in groups of 16.</summary>
    public static EncodedType Q6_K { get; } = Quantised(14, SuperEncoders.Q6);

    /// <summary>A type whose encoder makes one block at a time.</summary>
    private static EncodedType Quantised(int id, BlockEncoder encodeOne)
    {
        var type = BlockTypes.Find(id)!;
        return new EncodedType(type, s_largestHalf, (values, blocks) =>
        {
            while (!values.IsEmpty)
            {
                encodeOne(values[..type.Stored.BlockElements], blocks[..type.Stored.BlockBytes]);
                values = values[type.Stored.BlockElements..];
                blocks = blocks[type.Stored.BlockBytes..];
            }
        });
    }
}
