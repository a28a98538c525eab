using System.Globalization;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Character data of Unicode normalisation form C: combining classes, canonical decompositions, compositions. It is read
/// once from the embedded nfc-table.txt, since the platform's own tables are absent under InvariantGlobalization.
/// </summary>
internal sealed class NfcTable
{
    private const int PageSize = 256;
    private const int PageCount = 0x110000 / PageSize;

    /// <summary>Marks a character that NFC may change or that may compose with the one before (NFC_QC is not Yes).</summary>
    private const ushort Unstable = 0x100;

    private static readonly Lazy<NfcTable> s_shared = new(Read);

    private readonly ushort[]?[] _pages = new ushort[]?[PageCount];
    private readonly Dictionary<int, (int First, int Second)> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];

    private NfcTable()
    {
    }

    /// <summary>The one table of the process; it never changes.</summary>
    public static NfcTable Shared => s_shared.Value;

    /// <summary>Canonical combining class, 0 to 254; 0 for a starter.</summary>
    public int CombiningClass(int codePoint) => Properties(codePoint) & 0xFF;

    /// <summary>False when NFC, the order of marks aside, leaves the character as it is whatever stands before it.</summary>
    public bool IsUnstable(int codePoint) => (Properties(codePoint) & Unstable) != 0;

    /// <summary>One step of canonical decomposition; Second is -1 for a single character. It knows no Hangul syllables.</summary>
    public bool TryDecompose(int codePoint, out (int First, int Second) parts) =>
        _decompositions.TryGetValue(codePoint, out parts);

    /// <summary>The primary composite of two characters. Hangul syllables are not here.</summary>
    public bool TryCompose(int first, int second, out int composite) =>
        _compositions.TryGetValue((first, second), out composite);

    private ushort Properties(int codePoint)
    {
        var page = _pages[codePoint / PageSize];
        return page is null ? (ushort)0 : page[codePoint % PageSize];
    }

    private static NfcTable Read()
    {
        var table = new NfcTable();
        using var stream = typeof(NfcTable).Assembly.GetManifestResourceStream("nfc-table.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            table.AddLine(line.Split(' '));

        table.MarkRange(Hangul.VowelBase, Hangul.VowelBase + Hangul.VowelCount - 1, Unstable);
        table.MarkRange(Hangul.TrailBase + 1, Hangul.TrailBase + Hangul.TrailCount - 1, Unstable);
        return table;
    }

    private void AddLine(string[] fields)
    {
        switch (fields[0])
        {
            case "c":
                MarkRange(Hex(fields[1]), Hex(fields[2]), ushort.Parse(fields[3], CultureInfo.InvariantCulture));
                break;
            case "d":
                AddDecomposition(fields, composes: true);
                break;
            case "x":
                AddDecomposition(fields, composes: false);
                break;
        }
    }

    private void AddDecomposition(string[] fields, bool composes)
    {
        var composite = Hex(fields[1]);
        var parts = (First: Hex(fields[2]), Second: fields.Length > 3 ? Hex(fields[3]) : -1);
        _decompositions.Add(composite, parts);
        if (composes)
        {
            _compositions.Add(parts, composite);
            MarkRange(parts.Second, parts.Second, Unstable);
        }
        else
        {
            MarkRange(composite, composite, Unstable);
        }
    }

    private void MarkRange(int first, int last, ushort properties)
    {
        for (var c = first; c <= last; c++)
            (_pages[c / PageSize] ??= new ushort[PageSize])[c % PageSize] |= properties;
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
