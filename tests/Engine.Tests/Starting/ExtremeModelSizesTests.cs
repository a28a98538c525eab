using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AkkaCp.Model.Configuration;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>Every number of config.json, at its bounds and far beyond them; the weights are those of the tiny model.</summary>
public sealed partial class ExtremeModelSizesTests : IDisposable
{
    private static readonly string[] s_values =
    [
        "-1", "-9223372036854775808", "0", "0.0", "1", "2", "3", "7", "1024", "2147483647", "2147483648", "4611686018427387904",
        "9223372036854775807",
        "18446744073709551616", "1e15", "1e17", "1e308", "-1e308", "1e400", "5e-324", "1.5", "0.0001", "true", "\"8\"", "[]",
        "[2147483648]", "{}",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-extreme-").FullName;

    public ExtremeModelSizesTests()
    {
        foreach (var file in Directory.GetFiles(RepositoryFiles.TinyModel("f32")).Where(file => Path.GetFileName(file) != "config.json"))
            File.CreateSymbolicLink(Path.Combine(_folder, Path.GetFileName(file)), file);
    }

    /// <summary>The numbers of a config's properties, those of its rotary scaling, and whatever number stands
    /// in the file beside them.</summary>
    public static TheoryData<string> Fields =>
        [.. Numbers(typeof(ModelConfig)).Append("eos_token_id").Append("mlp_only_layers")
            .Concat(Config().Where(entry => entry.Value is JsonValue value && value.TryGetValue<double>(out _)).Select(entry => entry.Key))
            .Concat(Numbers(typeof(RopeScaling)).Select(name => $"rope_scaling.{name}")).Distinct()];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task AnySize_StartsOrIsRefusedByItsField(string field)
    {
        var (wrong, values, taken) = (new List<string>(), new Queue<string>(s_values), new List<string>());
        var bounds = new HashSet<string>();
        while (values.TryDequeue(out var value))
        {
            if (Extremes.OfPlan(field, Options(field, value), out var refusal) is { } mistake)
                wrong.Add($"{field} = {value}: {mistake}");
            if (refusal is null)
                taken.Add(value);
            foreach (var bound in Extremes.BoundsIn(refusal ?? "").Where(bounds.Add))
                values.Enqueue(bound);
        }

        foreach (var value in new[] { taken.FirstOrDefault(), taken.LastOrDefault() }.OfType<string>().Distinct())
        {
            if (await Extremes.OfStartAsync(field, Options(field, value)) is { } mistake)
                wrong.Add($"{field} = {value}, started: {mistake}");
        }

        Assert.Empty(wrong);
    }

    /// <summary>More layers of more experts than a list could hold, and more bytes than a number.</summary>
    [Fact]
    public void AllSizesAtTheirLargest_AreRefusedByTheWeights_AndCounted()
    {
        var options = Write(new JsonObject
        {
            ["hidden_size"] = 1 << 20,
            ["num_hidden_layers"] = 1 << 12,
            ["num_attention_heads"] = 1 << 12,
            ["num_key_value_heads"] = 1 << 12,
            ["head_dim"] = 1 << 8,
            ["vocab_size"] = 1 << 24,
            ["max_position_embeddings"] = 1 << 28,
            ["num_experts"] = 1 << 14,
            ["num_experts_per_tok"] = 1 << 14,
            ["moe_intermediate_size"] = 1 << 20,
        });

        Assert.Null(Extremes.OfPlan("num_hidden_layers", options, out var refusal));
        foreach (var field in new[] { "hidden_size", "num_hidden_layers", "head_dim", "vocab_size", "num_experts",
            "moe_intermediate_size" })
        {
            Assert.Contains($"config.json: {field}: expected ", refusal, StringComparison.Ordinal);
        }

        var inspection = EngineInspection.Create(options);
        Assert.Contains(
            inspection.Problems, problem => problem.Contains("num_hidden_layers: expected at most 4", StringComparison.Ordinal));
        Assert.True(inspection.WeightBytes > 1L << 50);
    }

    private static IEnumerable<string> Numbers(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is var number
            && (number == typeof(int) || number == typeof(float) || number == typeof(double)))
        .Select(property => WordPattern().Replace(property.Name, "_$0").TrimStart('_').ToLowerInvariant());

    private static JsonObject Config() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.TinyModel("f32"), "config.json")))!.AsObject();

    private EngineOptions Options(string field, string value)
    {
        if (!field.StartsWith("rope_scaling.", StringComparison.Ordinal))
            return Write(new JsonObject { [field] = JsonNode.Parse(value) });
        var scaling = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 4.0, ["original_max_position_embeddings"] = 1024 };
        scaling[field["rope_scaling.".Length..]] = JsonNode.Parse(value);
        return Write(new JsonObject { ["rope_scaling"] = scaling });
    }

    private EngineOptions Write(JsonObject fields)
    {
        var config = Config();
        foreach (var (name, value) in fields)
            config[name] = value?.DeepClone();
        File.WriteAllText(Path.Combine(_folder, "config.json"), config.ToJsonString());
        return new EngineOptions
        {
            ModelPath = _folder,
            Threads = 1,
            Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "64" },
        };
    }

    [GeneratedRegex("[A-Z]")]
    private static partial Regex WordPattern();
}
