using System.Runtime.InteropServices;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>Codes and scales of quantised checkpoints stand for the values that are read of them, bit for bit, or are not taken.</summary>
public class QuantizedCodesTests
{
    private const string Name = "x.weight";
    private const int Outputs = QuantizedLayers.Outputs;
    private const int Inputs = QuantizedLayers.Inputs;

    private static readonly float[] s_e4m3 = [.. Enumerable.Range(0, 256).Select(code => E4M3((byte)code))];

    public static TheoryData<string, DType?> Forms => new()
    {
        { "fp8 block", null },
        { "fp8 channel", DType.F8 },
        { "fp8 vector", DType.F8 },
        { "fp8 tensor", DType.F8 },
        { "int8 channel", DType.I8 },
        { "int8 groups, zeros", null },
        { "awq", DType.Q4Z32 },
        { "gptq", DType.Q4Z32 },
        { "gptq v2", DType.Q4Z32 },
        { "gptq, act-order", null },
        { "gptq v2, 8 bits, act-order", null },
        { "gptq, 8 bits", DType.Q8Z32 },
        { "ct 4 bits", DType.Q4Z32 },
        { "ct 8 bits", DType.Q8Z32 },
        { "ct 4 bits, zeros", DType.Q4Z32 },
        { "ct 8 bits, zeros", DType.Q8Z32 },
        { "ct 4 bits, act-order", null },
        { "ct 4 bits, act-order unset", DType.Q4Z32 },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Codes_StandForTheValues_WhereAPackedTypeHasThem(string form, DType? packed)
    {
        var (folder, _) = QuantizedLayers.Forms(32)[form]();
        using (folder)
        {
            using var weights = WeightFiles.Open(folder.Write().Path);
            var tensor = weights.Find(Name)!;
            Assert.Equal(packed, weights.PackedTypeOf(tensor));
            if (packed is null)
            {
                Assert.Throws<ArgumentException>(() => weights.ReadScaled(Name, 0, 1, 0, 32, new byte[32], new float[1]));
                return;
            }

            foreach (var (row, rows, column, columns) in ((int, int, int, int)[])[(0, Outputs, 0, Inputs), (5, 7, 32, 32), (0, 0, 0, 32)])
            {
                if (packed == DType.F8 && column % 128 != 0)
                    continue;
                var expected = new float[rows * columns];
                weights.ReadRows(Name, row, rows, column, columns, expected);
                var (values, hashed) = ValuesOf(weights, packed.Value, row, rows, column, columns);
                Assert.Equal(MemoryMarshal.Cast<float, uint>(expected).ToArray(), MemoryMarshal.Cast<float, uint>(values).ToArray());
                Assert.Equal(rows * tensor.PackedBytesOf(column, columns), hashed);
            }
        }
    }

    [Fact]
    public void ScalesThatBinary16HasNot_AreNotTaken()
    {
        Assert.Null(PackedTypeWith(SafetensorsDType.F32, [.. Enumerable.Repeat(0.1f, Outputs * 2)]));
        Assert.Null(PackedTypeWith(SafetensorsDType.F32, [.. Enumerable.Repeat(0.5f, (Outputs * 2) - 1), 1e-9f]));
        Assert.Equal(DType.Q4Z32, PackedTypeWith(SafetensorsDType.F32, [.. Enumerable.Repeat(0.5f, Outputs * 2)]));
    }

    [Fact]
    public void ZeroPointThatAByteHasNot_IsRefusedByRow()
    {
        var (folder, _) = QuantizedLayers.Forms(32)["gptq, 8 bits"]();
        using (folder)
        {
            // Stored less by one.
            folder.Replace("x.qzeros", Enumerable.Repeat(-1, 2 * Outputs / 4).ToArray());
            using var weights = WeightFiles.Open(folder.Write().Path);

            var error = Assert.Throws<ModelFormatException>(() => ValuesOf(weights, DType.Q8Z32, 3, 2, 0, Inputs));

            Assert.Contains(
                "zero points from 0 to 255, or dtype bfloat16 or float32, found 256 in row 3", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void CodeThatIsNoNumber_IsRefusedByRow()
    {
        var (folder, _) = QuantizedLayers.All["fp8 channel"]();
        using (folder)
        {
            var codes = new byte[Outputs * Inputs];
            codes[(4 * Inputs) + 2] = 0xFF;
            folder.Replace(Name, codes);
            using var weights = WeightFiles.Open(folder.Write().Path);

            var error = Assert.Throws<ModelFormatException>(() => ValuesOf(weights, DType.F8, 3, 2, 0, Inputs));

            Assert.Contains("expected codes that are numbers, found NaN in row 4", error.Message, StringComparison.Ordinal);
        }
    }

    private static DType? PackedTypeWith(SafetensorsDType type, float[] scales)
    {
        var (folder, _) = QuantizedLayers.Forms(32)["ct 4 bits"]();
        using (folder)
        {
            folder.Replace("x.weight_scale", scales, type);
            using var weights = WeightFiles.Open(folder.Write().Path);
            return weights.PackedTypeOf(weights.Find(Name)!);
        }
    }

    private static (float[] Values, long Hashed) ValuesOf(IWeightSource weights, DType packed, int row, int rows, int column, int columns)
    {
        var hashed = 0L;
        if (GroupFormat.Of(packed) is { } format)
        {
            var groups = new GroupValues(format, rows * columns);
            weights.ReadGroups(Name, row, rows, column, columns, groups.Rows, bytes => hashed += bytes.Length);
            return (groups.Values, hashed);
        }

        var (codes, scales) = (new byte[rows * columns], new float[rows]);
        weights.ReadScaled(Name, row, rows, column, columns, codes, scales, bytes => hashed += bytes.Length);
        return ([.. codes.Select((code, i) => (packed == DType.I8 ? (sbyte)code : s_e4m3[code]) * scales[i / columns])], hashed);
    }

    private static float E4M3(byte code) =>
        (float)BitConverter.UInt16BitsToHalf((ushort)(((code & 0x80) << 8) | ((code & 0x7F) << 7))) * 256;
}
