using System.Buffers.Binary;
using System.Text;
using AkkaCp.Model.Safetensors;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TinyModel_OpensWithAllTensors()
    {
        using var file = SafetensorsFile.Open(Path.Combine(RepositoryFiles.TinyModel("bf16"), "model.safetensors"));

        Assert.Equal([512, 64], file.Tensor("model.embed_tokens.weight").Shape);
        Assert.Equal(SafetensorsDType.BF16, file.Tensor("lm_head.weight").DType);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void HeaderShorterThanItsLengthField_IsRefused()
    {
        File.WriteAllBytes(_folder.File("x"), [1, 2, 3]);

        AssertRefused(_folder.File("x"), "header", "at least 8 bytes");
    }

    [Theory]
    [InlineData(100_000_001, "at most 100000000 bytes")]
    [InlineData(ulong.MaxValue, "at most 100000000 bytes")]
    [InlineData(64, "a file of 10 bytes")]
    public void HeaderLengthBeyondBoundOrFile_IsRefused(ulong length, string expected)
    {
        var bytes = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(_folder.File("x"), bytes);

        AssertRefused(_folder.File("x"), "header", expected);
    }

    [Theory]
    [InlineData("", "an empty header")]
    [InlineData(" {}", "byte 0x20")]
    [InlineData("[]", "byte 0x5b")]
    [InlineData("{", "JSON in UTF-8")]
    [InlineData("{} x", "JSON in UTF-8")]
    [InlineData("{\"a\":1}", "an object with dtype")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "no data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "no shape")]
    [InlineData("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "no dtype")]
    [InlineData("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", "\"F33\"")]
    [InlineData("{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,4]}}", "a dtype of")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", "an array")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "one key dtype")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", "begin ≤ end")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", "begin ≤ end")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "8 bytes for F32[2]")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", "below 2^63")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[1152921504606846976],\"data_offsets\":[0,4]}}", "below 2^63")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "a hole")]
    [InlineData(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
        "an overlap")]
    [InlineData(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
        "a hole")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", "3 bytes of data")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]}}", "5 bytes of data")]
    [InlineData(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
        "one entry of this name")]
    [InlineData("{\"__metadata__\":{\"k\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "a string for key")]
    [InlineData("{\"__metadata__\":[],\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "an object of strings")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "one entry of this name")]
    public void BrokenHeader_IsRefusedByName(string header, string expected) =>
        AssertRefused(WriteRaw(Encoding.UTF8.GetBytes(header), new byte[4]), "", expected);

    [Fact]
    public void HeaderWithBrokenUtf8_IsRefused() =>
        AssertRefused(WriteRaw([.. "{\"a"u8, 0xFF, .. "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"u8], new byte[4]),
            "header", "UTF-8");

    [Fact]
    public void DeepHeader_IsRefused() =>
        AssertRefused(WriteRaw(Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 5000)), []), "", "found");

    [Fact]
    public void RankZeroAndEmptyTensors_AreAllowed()
    {
        var path = WriteRaw(Encoding.UTF8.GetBytes(
            """{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}   """),
            BitConverter.GetBytes(2.5f));

        using var file = SafetensorsFile.Open(path);

        var value = new float[1];
        file.ReadRows("s", 0, 1, 0, 1, value);
        file.ReadRows("e", 0, 0, 0, 7, []);
        Assert.Equal(2.5f, value[0]);
    }

    [Fact]
    public void MissingFile_IsANamedError() => AssertRefused(_folder.File("none"), "header", "a readable file");

    [Fact]
    public void FileThatShrinksOrGrowsWhileOpen_EndsInAnError()
    {
        var path = _folder.File("x");
        Write(path, SafetensorsDType.F32, [64], writer => writer.Write(new float[64]));
        using var file = SafetensorsFile.Open(path);
        file.ReadRows("t", 0, 1, 0, 64, new float[64]);

        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(stream.Length - 1);

        var error = Assert.Throws<ModelFormatException>(() => file.ReadRows("t", 0, 1, 0, 1, new float[1]));
        Assert.Contains("as when it was opened", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SafetensorsDType.F32, 5, 3)]
    [InlineData(SafetensorsDType.BF16, 5, 3)]
    [InlineData(SafetensorsDType.F32, 3, 9000)]
    [InlineData(SafetensorsDType.F32, 40, 20000)]
    public void AnyRectangle_IsReadAsWritten(SafetensorsDType dtype, int rows, int columns)
    {
        var path = _folder.File("x");
        var values = Enumerable.Range(0, rows * columns).Select(i => (float)(i % 251)).ToArray();
        Write(path, dtype, [rows, columns], writer => writer.Write(values));
        using var file = SafetensorsFile.Open(path);

        foreach (var (r, rc, c, cc) in ((int, int, int, int)[])[(0, rows, 0, columns), (1, rows - 1, 0, columns), (1, 2, 1, columns - 1),
            (0, rows, columns - 1, 1), (rows - 1, 1, 1, 1), (0, rows, 1, columns / 2)])
        {
            var read = new float[rc * cc];
            file.ReadRows("t", r, rc, c, cc, read);
            for (var i = 0; i < read.Length; i++)
                Assert.Equal(values[((r + (i / cc)) * columns) + c + (i % cc)], read[i]);
        }
    }

    [Theory]
    [InlineData(-1, 1, 0, 3)]
    [InlineData(0, 6, 0, 3)]
    [InlineData(5, 1, 0, 3)]
    [InlineData(0, 1, 1, 3)]
    [InlineData(0, 1, 0, 2)]
    public void RectangleOutsideOrWrongDestination_IsRefused(int firstRow, int rows, int firstColumn, int columns)
    {
        var path = _folder.File("x");
        Write(path, SafetensorsDType.F32, [5, 3], writer => writer.Write(new float[15]));
        using var file = SafetensorsFile.Open(path);

        Assert.ThrowsAny<ArgumentException>(
            () => file.ReadRows("t", firstRow, rows, firstColumn, columns, new float[(rows * columns) + (columns == 2 ? 1 : 0)]));
    }

    [Fact]
    public void IntegerTensor_IsNotReadAsFloats()
    {
        var path = _folder.File("x");
        Write(path, SafetensorsDType.I32, [2], writer => writer.WriteBytes(new byte[8]));
        using var file = SafetensorsFile.Open(path);

        Assert.Throws<ModelFormatException>(() => file.ReadRows("t", 0, 1, 0, 2, new float[2]));
        Assert.Throws<ModelFormatException>(() => file.ReadRows("u", 0, 1, 0, 2, new float[2]));
    }

    [Fact]
    public void EveryF16Pattern_BecomesItsExactFloat()
    {
        var path = _folder.File("x");
        var patterns = Enumerable.Range(0, 65536).SelectMany(i => BitConverter.GetBytes((ushort)i)).ToArray();
        Write(path, SafetensorsDType.F16, [65536], writer => writer.WriteBytes(patterns));
        using var file = SafetensorsFile.Open(path);
        var read = new float[65536];

        file.ReadRows("t", 0, 1, 0, 65536, read);

        for (var i = 0; i < read.Length; i++)
            Assert.Equal(ExactHalf((ushort)i), read[i]);
    }

    [Fact]
    public void EveryBF16Pattern_BecomesItsExactFloat()
    {
        var path = _folder.File("x");
        var patterns = Enumerable.Range(0, 65536).SelectMany(i => BitConverter.GetBytes((ushort)i)).ToArray();
        Write(path, SafetensorsDType.BF16, [65536], writer => writer.WriteBytes(patterns));
        using var file = SafetensorsFile.Open(path);
        var read = new float[65536];

        file.ReadRows("t", 0, 1, 0, 65536, read);

        for (var i = 0; i < read.Length; i++)
            Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(read[i]));
    }

    [Fact]
    public void Writer_RoundsToBF16_NearestEven()
    {
        uint[] bits = [0x3F80_0000, 0x3F80_8000, 0x3F81_8000, 0x3F80_8001, 0x3F80_7FFF, 0x7F7F_FFFF, 0xFF80_0000, 0x7F80_0001, 0x0000_8000,
            0x0001_8000, 0x8000_0000];
        ushort[] expected = [0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x3F80, 0x7F80, 0xFF80, 0x7FC0, 0x0000, 0x0002, 0x8000];
        var values = Enumerable.Range(0, 8).SelectMany(_ => bits).Select(BitConverter.UInt32BitsToSingle).ToArray();
        var path = _folder.File("x");
        Write(path, SafetensorsDType.BF16, [values.Length], writer => writer.Write(values));
        using var file = SafetensorsFile.Open(path);
        var raw = new byte[values.Length * 2];

        file.ReadStored("t", 0, 1, 0, values.Length, raw);

        for (var i = 0; i < values.Length; i++)
            Assert.Equal(expected[i % expected.Length], BitConverter.ToUInt16(raw, i * 2));
    }

    [Fact]
    public void Writer_WithElementsMissing_LeavesNoFile()
    {
        var path = _folder.File("x");
        using (var writer = SafetensorsWriter.Create(path, [("t", SafetensorsDType.F32, [4])]))
        {
            writer.Write(new float[3]);
            Assert.Throws<InvalidOperationException>(() => writer.Write(new float[2]));
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    internal static void Write(string path, SafetensorsDType dtype, long[] shape, Action<SafetensorsWriter> fill, string name = "t")
    {
        using var writer = SafetensorsWriter.Create(path, [(name, dtype, shape)]);
        fill(writer);
        writer.Complete();
    }

    // IEEE binary16 from its definition, in double.
    private static float ExactHalf(ushort bits)
    {
        var sign = bits >> 15 == 0 ? 1.0 : -1.0;
        var exponent = (bits >> 10) & 31;
        var fraction = bits & 1023;
        return (float)(exponent switch
        {
            0 => sign * fraction * Math.Pow(2, -24),
            31 => fraction == 0 ? sign * double.PositiveInfinity : double.NaN,
            _ => sign * (1024 + fraction) * Math.Pow(2, exponent - 25),
        });
    }

    private static void AssertRefused(string path, string tensor, string expected)
    {
        var error = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{path}: {tensor}", error.Message, StringComparison.Ordinal);
    }

    private string WriteRaw(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        File.WriteAllBytes(_folder.File("raw"), [.. length, .. header, .. data]);
        return _folder.File("raw");
    }
}
