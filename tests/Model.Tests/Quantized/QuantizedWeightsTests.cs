using System.Runtime.InteropServices;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using Xunit;

namespace AkkaCp.Model.Tests.Quantized;

public class QuantizedWeightsTests
{
    private const int Outputs = QuantizedLayers.Outputs;
    private const int Inputs = QuantizedLayers.Inputs;

    private static readonly (int, int, int, int)[] s_parts =
        [(0, 8, 0, 64), (16, 8, 0, 64), (0, 24, 32, 32), (3, 5, 7, 11), (23, 1, 63, 1), (9, 12, 15, 34), (0, 0, 0, 9)];

    public static TheoryData<string> Forms => [.. QuantizedLayers.All.Keys];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Values_AreThoseOfTheFormulaToTheLastBit(string form)
    {
        var (folder, values) = QuantizedLayers.All[form]();
        using (folder)
        {
            using var weights = WeightFiles.Open(folder.Write().Path);

            AssertSameBits(values, Read(weights, 0, Outputs, 0, Inputs), form);
            var tensor = Assert.Single(weights.Tensors);
            Assert.Equal(("x.weight", true, "[24, 64]"), (tensor.Name, tensor.IsQuantised, tensor.ShapeText));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Rectangles_AreThatPartOfTheWhole(string form)
    {
        var (folder, values) = QuantizedLayers.All[form]();
        using (folder)
        {
            using var weights = WeightFiles.Open(folder.Write().Path);
            foreach (var (row, rows, column, columns) in s_parts)
            {
                var expected = Enumerable.Range(row, rows).SelectMany(n => values.Skip((n * Inputs) + column).Take(columns)).ToArray();
                AssertSameBits(expected, Read(weights, row, rows, column, columns), $"{form}: {rows} × {columns} at {row}, {column}");
            }

            Assert.Throws<ArgumentOutOfRangeException>(() => Read(weights, 20, 5, 0, Inputs));
            Assert.Throws<ArgumentOutOfRangeException>(() => Read(weights, 0, 5, 1, Inputs));
        }
    }

    [Fact]
    public void StoredBytes_AreThoseOfAllParts()
    {
        var (folder, _) = QuantizedLayers.All["gptq, act-order"]();
        using (folder)
        {
            using var weights = WeightFiles.Open(folder.Write().Path);

            var type = Assert.Single(weights.StoredTypes());
            Assert.Equal(("GPTQ w4g16", (24 * 32) + (4 * 12) + (4 * 48) + 256L, true), (type.Name, type.Bytes, type.IsQuantised));
            Assert.Equal(["x"], type.Places);
        }
    }

    [Fact]
    public void WhatIsRead_IsHashedByItsValues()
    {
        var (folder, values) = QuantizedLayers.All["awq"]();
        using (folder)
        {
            using var weights = WeightFiles.Open(folder.Write().Path);
            var seen = new List<byte>();
            weights.ReadRows("x.weight", 0, 2, 0, Inputs, new float[2 * Inputs], bytes => seen.AddRange(bytes));

            Assert.Equal(MemoryMarshal.AsBytes<float>(values.AsSpan(0, 2 * Inputs)).ToArray(), seen);
            Assert.Equal(sizeof(float) * Inputs, weights.Find("x.weight")!.Type.BytesOf(0, Inputs));
        }
    }

    [Fact]
    public void OtherTensors_AreReadAsTheyAre()
    {
        var (folder, _) = QuantizedLayers.All["awq"]();
        using (folder)
        {
            folder.Add("lm_head.weight", SafetensorsDType.F32, [2], [1.5f, 2.5f]);
            using var weights = WeightFiles.Open(folder.Write().Path);
            var values = new float[2];
            weights.ReadRows("lm_head.weight", 0, 1, 0, 2, values);

            Assert.Equal([1.5f, 2.5f], values);
            Assert.Equal(["lm_head.weight", "x.weight"], weights.Tensors.Select(tensor => tensor.Name));
            Assert.Null(weights.Find("x.qweight"));
        }
    }

    private static float[] Read(IWeightSource weights, int row, int rows, int column, int columns)
    {
        var values = new float[rows * columns];
        weights.ReadRows("x.weight", row, rows, column, columns, values);
        return values;
    }

    private static void AssertSameBits(float[] expected, float[] found, string what) => Assert.True(
        MemoryMarshal.AsBytes<float>(expected).SequenceEqual(MemoryMarshal.AsBytes<float>(found)),
        $"{what}: expected {string.Join(' ', expected.Take(9))}, found {string.Join(' ', found.Take(9))}");
}
