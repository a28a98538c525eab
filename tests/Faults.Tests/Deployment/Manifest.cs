using System.Text.Json.Nodes;
using AkkaCp.Testing;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace AkkaCp.Faults.Tests.Deployment;

/// <summary>What deploy/*.yaml says.</summary>
internal static class Manifest
{
    /// <summary>The documents of a file below deploy/, anchors and merged keys resolved; every scalar is text.</summary>
    public static IReadOnlyList<JsonNode> Read(string file)
    {
        using var reader = new StreamReader(PathOf(file));
        var parser = new MergingParser(new Parser(reader));
        var deserializer = new DeserializerBuilder().Build();
        var documents = new List<JsonNode>();
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
            documents.Add(AsJson(deserializer.Deserialize<object?>(parser))!);
        return documents;
    }

    /// <summary>The one document of a kind and name.</summary>
    public static JsonNode Of(this IEnumerable<JsonNode> documents, string kind, string name) =>
        documents.Single(one => one.Text("kind") == kind && one.Text("metadata", "name") == name);

    /// <summary>A text, by the keys that lead to it.</summary>
    public static string Text(this JsonNode node, params string[] keys) =>
        (string?)keys.Aggregate((JsonNode?)node, (inner, key) => inner?[key])
        ?? throw new InvalidDataException($"expected {string.Join('.', keys)}, found none in {node}");

    /// <summary>A list, by the keys that lead to it.</summary>
    public static IReadOnlyList<JsonNode> List(this JsonNode node, params string[] keys) =>
        [.. keys.Aggregate((JsonNode?)node, (inner, key) => inner?[key])!.AsArray()!];

    public static string PathOf(string file) => Path.Combine(RepositoryFiles.Root, "deploy", file);

    private static JsonNode? AsJson(object? value) => value switch
    {
        null => null,
        IDictionary<object, object?> map => new JsonObject(
            map.Select(pair => KeyValuePair.Create((string)pair.Key, AsJson(pair.Value)))),
        IEnumerable<object?> list => new JsonArray([.. list.Select(AsJson)]),
        _ => JsonValue.Create(value.ToString()),
    };
}
