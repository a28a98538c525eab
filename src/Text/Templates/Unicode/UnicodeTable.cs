using System.Globalization;

namespace AkkaCp.Text.Templates;

/// <summary>
/// How Python maps case, and which characters it takes for cased, digits and numbers. It is read once from the embedded
/// unicode-table.txt: .NET maps a character to one character only ("ß" has no capital there), and less under InvariantGlobalization.
/// </summary>
internal sealed class UnicodeTable
{
    private static readonly Lazy<UnicodeTable> s_shared = new(() => new UnicodeTable());

    private readonly Dictionary<string, Dictionary<int, string>> _mappings = [];
    private readonly Dictionary<string, HashSet<int>> _properties = [];

    private UnicodeTable()
    {
        using var stream = typeof(UnicodeTable).Assembly.GetManifestResourceStream("unicode-table.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] != '#')
                Add(line.Split(' '));
        }
    }

    /// <summary>The one table of the process; it never changes.</summary>
    public static UnicodeTable Shared => s_shared.Value;

    /// <summary>What characters become, by code point: "upper", "lower", "title" or "fold". Others stay.</summary>
    public IReadOnlyDictionary<int, string> Mapping(string kind) => _mappings[kind];

    /// <summary>The code points with a property beyond their category's: "lowercase", "uppercase", "digit" or "numeric".</summary>
    public IReadOnlySet<int> Property(string kind) => _properties[kind];

    private void Add(string[] fields)
    {
        if (fields[2] == "=")
            Mappings(fields[0])[Hex(fields[1])] = string.Concat(fields[3..].Select(field => char.ConvertFromUtf32(Hex(field))));
        else
            AddRun(fields);
    }

    private void AddRun(string[] fields)
    {
        for (int c = Hex(fields[1]), last = Hex(fields[2]), step = Hex(fields[3]); c <= last; c += step)
        {
            if (fields.Length == 4)
                Properties(fields[0]).Add(c);
            else
                Mappings(fields[0])[c] = char.ConvertFromUtf32(c + int.Parse(fields[4], CultureInfo.InvariantCulture));
        }
    }

    private Dictionary<int, string> Mappings(string kind) =>
        _mappings.TryGetValue(kind, out var mapping) ? mapping : _mappings[kind] = [];

    private HashSet<int> Properties(string kind) => _properties.TryGetValue(kind, out var set) ? set : _properties[kind] = [];

    private static int Hex(string field) => int.Parse(field, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
