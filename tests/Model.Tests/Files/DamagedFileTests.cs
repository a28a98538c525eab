using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Files;

/// <summary>Every file of a model directory with every damage: an error of a known kind that names the file.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const string Template = "chat_template.jinja";

    private static readonly string[] s_json =
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", Index, Weights];

    private static readonly Dictionary<string, Func<byte[], byte[]>> s_textDamages = new()
    {
        ["no UTF-8 in a text"] = text => Spliced(text, text.Length / 2, [0xC3, 0x28]),
        ["cut character at the end"] = text => [.. text, 0xE2, 0x82],
        ["byte order mark"] = text => [0xEF, 0xBB, 0xBF, .. text],
        ["UTF-16"] = text => [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(text))],
        ["UTF-16 without mark"] = text => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(text)),
        ["UTF-16, big end first"] = text => Encoding.BigEndianUnicode.GetBytes(Encoding.UTF8.GetString(text)),
    };

    private static readonly Dictionary<string, Func<byte[], byte[]>> s_jsonDamages = new(s_textDamages)
    {
        ["empty"] = _ => [],
        ["white space"] = _ => "  \n "u8.ToArray(),
        ["array"] = _ => "[]"u8.ToArray(),
        ["text"] = _ => "\"{}\""u8.ToArray(),
        ["number"] = _ => "7"u8.ToArray(),
        ["null"] = _ => "null"u8.ToArray(),
        ["cut"] = text => text[..(text.Length / 2)],
        ["more behind the end"] = text => [.. text, .. "{}"u8],
        ["deep"] = text => WithMember(text, $"\"deep\": {new string('[', 100_000)}"),
        ["repeated name"] = text => WithMember(text, "\"again\": {\"shape\": 1, \"shape\": 1}"),
        ["no UTF-8 in a name"] = text => WithMember(text, "\"\u0001\": 0", 0xFF),
        ["half a surrogate pair in a name"] = text => WithMember(text, "\"\\ud800\": 0"),
        ["half a surrogate pair in a text"] = text => WithMember(text, "\"__metadata__\": {\"a\": \"\\uDC00\"}"),
        ["number of a million digits"] = text =>
            WithMember(text, $"\"eos_token_id\": 1{new string('0', 1_000_000)}.5, \"eos_token_id\": 1"),
        ["not a number"] = text => WithMember(text, "\"x\": NaN"),
        ["comment"] = text => WithMember(text, "/* \"x\": 1 */ \"x\": 2"),
    };

    private static readonly Dictionary<string, Action<string>> s_pathDamages = new()
    {
        ["folder"] = path => Replace(path, () => Directory.CreateDirectory(path)),
        ["link to nothing"] = path => Replace(path, () => File.CreateSymbolicLink(path, path + ".gone")),
        ["link to itself"] = path => Replace(path, () => File.CreateSymbolicLink(path, path)),
        ["named pipe"] = path => Replace(path, () => MakePipe(path)),
        ["device"] = path => Replace(path, () => File.CreateSymbolicLink(path, "/dev/zero")),
        ["terabyte"] = path => Replace(path, () => Sparse(path, 1L << 40)),
    };

    private readonly ModelCopy _model = new();

    public DamagedFileTests()
    {
        SmallWeights.Write(_model.Delete(Weights).FileOf(Weights));
        var map = SmallWeights.Names.Select(name => KeyValuePair.Create(name, (JsonNode?)Weights));
        _model.Write(Index, new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = new JsonObject(map) }.ToJsonString());
        Assert.Empty(ModelReaders.ErrorsOf(_model.Path));
    }

    public static TheoryData<string, string> DamagesOfJson => Product(s_json, s_jsonDamages.Keys);

    public static TheoryData<string, string> DamagesOfText => Product([Template], s_textDamages.Keys);

    public static TheoryData<string, string> DamagesOfPaths => Product([.. s_json, Template], s_pathDamages.Keys);

    public void Dispose() => _model.Dispose();

    [Theory]
    [MemberData(nameof(DamagesOfJson))]
    public void DamagedJson_IsATypedErrorWithTheFilesName(string file, string damage)
    {
        var bytes = File.ReadAllBytes(_model.FileOf(file));
        File.WriteAllBytes(_model.FileOf(file), file == Weights ? WithHeader(bytes, s_jsonDamages[damage]) : s_jsonDamages[damage](bytes));
        AssertNamed(file);
    }

    [Theory]
    [MemberData(nameof(DamagesOfText))]
    public void DamagedTemplate_IsATypedErrorWithTheFilesName(string file, string damage)
    {
        File.WriteAllBytes(_model.FileOf(file), s_textDamages[damage](File.ReadAllBytes(_model.FileOf(file))));
        AssertNamed(file);
    }

    [Theory]
    [MemberData(nameof(DamagesOfPaths))]
    public void WhatIsNoFile_IsATypedErrorWithTheFilesName(string file, string damage)
    {
        s_pathDamages[damage](_model.FileOf(file));
        AssertNamed(file);
    }

    [Theory]
    [InlineData("config.json", "line 1, column 5")]
    [InlineData("generation_config.json", "line 1, column 5")]
    [InlineData("tokenizer.json", "line 1, column 5")]
    [InlineData("tokenizer_config.json", "line 1, column 5")]
    [InlineData(Index, "line 1, column 5")]
    public void BytesThatAreNoText_AreNamedWithTheirPlace(string file, string place)
    {
        File.WriteAllBytes(_model.FileOf(file), [.. "{ \"a"u8, 0xFF, .. "\": 1 }"u8]);
        Assert.All(ModelReaders.ErrorsOf(_model.Path), error => Assert.Contains(place, error.Message, StringComparison.Ordinal));
        AssertNamed(file);
    }

    private void AssertNamed(string file)
    {
        var errors = ModelReaders.ErrorsOf(_model.Path);
        Assert.NotEmpty(errors);
        Assert.All(errors, error => Assert.Contains(_model.FileOf(file), error.Message, StringComparison.Ordinal));
    }

    private static TheoryData<string, string> Product(IEnumerable<string> files, IEnumerable<string> damages)
    {
        var all = new TheoryData<string, string>();
        foreach (var file in files)
        {
            foreach (var damage in damages)
                all.Add(file, damage);
        }

        return all;
    }

    private static void Replace(string path, Action create)
    {
        File.Delete(path);
        create();
    }

    private static void MakePipe(string path) => Assert.Equal(0, MakeFifo(path, 0x1B6));

    [DllImport("libc", EntryPoint = "mkfifo")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakeFifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    private static void Sparse(string path, long length)
    {
        using var file = File.Create(path);
        file.SetLength(length);
    }

    private static byte[] Spliced(byte[] text, int at, byte[] bytes) => [.. text[..at], .. bytes, .. text[at..]];

    /// <summary>The JSON object with one more member in front; U+0001 in it stands for <paramref name="stray"/>.</summary>
    private static byte[] WithMember(byte[] text, string member, byte stray = 1)
    {
        var bytes = Encoding.UTF8.GetBytes(member);
        bytes.AsSpan().Replace((byte)1, stray);
        return [(byte)'{', .. bytes, (byte)',', .. text[1..]];
    }

    /// <summary>A safetensors file with another header.</summary>
    private static byte[] WithHeader(byte[] file, Func<byte[], byte[]> change)
    {
        var length = (int)BitConverter.ToInt64(file);
        var header = change(file[8..(8 + length)]);
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. file[(8 + length)..]];
    }
}
