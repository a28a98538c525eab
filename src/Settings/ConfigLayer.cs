using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace AkkaCp.Settings;

/// <summary>One source of settings, the later above the earlier.</summary>
/// <param name="Source">File name, or what stands in its place in messages.</param>
/// <param name="Config">Its content.</param>
internal sealed record ConfigLayer(string Source, Config Config)
{
    private const string Root = "akka-cp";

    /// <summary>Leaves below <c>akka-cp</c> by dotted key, as text. What is no single value, or outside, becomes a problem.</summary>
    public IReadOnlyDictionary<string, string> Leaves(List<string> problems)
    {
        var leaves = new Dictionary<string, string>();
        if (Config.IsEmpty || Config.Root is null || Config.Root.IsEmpty)
            return leaves;
        if (!Config.Root.IsObject())
        {
            problems.Add($"{Source}: expected key = value, found \"{Config.Root}\"");
            return leaves;
        }

        foreach (var (key, value) in Config.Root.GetObject().Items)
        {
            if (key == Root)
                Flatten("", value, leaves, problems);
            else if (key != "akka")
                problems.Add($"{Source}: unknown section {key}; expected {Root} or akka");
        }

        return leaves;
    }

    private void Flatten(string key, HoconValue value, Dictionary<string, string> leaves, List<string> problems)
    {
        if (value.IsObject())
        {
            foreach (var (name, child) in value.GetObject().Items)
                Flatten(key.Length == 0 ? name : $"{key}.{name}", child, leaves, problems);
        }
        else if (key.Length > 0 && Items(value) is { } items && items.TrueForAll(item => item.IsString()))
        {
            leaves[key] = $"[{string.Join(",", items.Select(item => item.GetString().Trim()))}]";
        }
        else if (key.Length == 0 || value.IsArray() || value.GetString() is not { } text)
        {
            problems.Add(
                $"{Source}: {(key.Length == 0 ? Root : $"{Root}.{key}")}: expected {(key.Length == 0 ? "an object" : "one value")}");
        }
        else
        {
            leaves[key] = text.Trim();
        }
    }

    /// <summary>The items of a list, null of anything else. To the parser itself an empty list is none.</summary>
    private static List<HoconValue>? Items(HoconValue value) =>
        value.Values.Where(part => !part.IsString() || part.GetString().Trim().Length > 0).ToList() is [HoconArray]
            ? [.. value.GetArray().Where(item => item.Values.Count > 0)] : null;
}
