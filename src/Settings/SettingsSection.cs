using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AkkaCp.Settings;

/// <summary>Typed access to leaves; gathers mistakes instead of throwing and remembers which keys exist.</summary>
internal sealed partial class SettingsSection(IReadOnlyDictionary<string, (string Text, string Source)> leaves, List<string> problems)
{
    private const string Off = "off";
    private const string Auto = "auto";

    private readonly HashSet<string> _known = [];

    /// <summary>Keys that were read, whether given or not.</summary>
    public IReadOnlyCollection<string> Known => _known;

    public string? Text(string key, string none) => Raw(key) is { Length: > 0 } text && text != none ? text : null;

    public int Int(string key, int min, int max = int.MaxValue) => Number(key, Raw(key), min, max, "");

    public int IntOrOff(string key, int min, int max = int.MaxValue) =>
        Raw(key) is var text && text == Off ? 0 : Number(key, text, min, max, $" or {Off}");

    public int? IntOrAuto(string key, int min, int max = int.MaxValue) =>
        Raw(key) is var text && text == Auto ? null : Number(key, text, min, max, $" or {Auto}");

    public int? PortOrAuto(string key) => IntOrAuto(key, 0, ushort.MaxValue);

    public TimeSpan? DurationOrOff(string key)
    {
        var text = Raw(key);
        if (text == Off)
            return null;
        if (Quantity(text) is (var number, var unit) && DurationUnit(unit) is { } ticks
            && number * ticks is >= TimeSpan.TicksPerMillisecond and <= MaxDurationTicks)
        {
            return TimeSpan.FromTicks((long)(number * ticks));
        }

        Report(key, $"expected a duration from 1ms to 24h with its unit (ms, s, min, h) or {Off}", text);
        return null;
    }

    /// <summary>A duration that nothing turns off.</summary>
    public TimeSpan Duration(string key)
    {
        var text = Raw(key);
        if (text != Off && DurationOrOff(key) is { } duration)
            return duration;
        if (text == Off)
            Report(key, "expected a duration from 1ms to 24h with its unit (ms, s, min, h)", text);
        return TimeSpan.FromSeconds(1);
    }

    /// <summary>A word of letters, digits and hyphens that begins with a letter.</summary>
    public string Name(string key)
    {
        var text = Raw(key);
        if (NamePattern().IsMatch(text))
            return text;
        Report(key, "expected letters, digits and hyphens, a letter first", text);
        return "name";
    }

    /// <summary>Addresses <c>host:port</c>, as a list or separated by commas.</summary>
    public ImmutableArray<string> Addresses(string key)
    {
        var text = Raw(key);
        text = text is ['[', .., ']'] ? text[1..^1] : text;
        var addresses = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var address in addresses)
        {
            if (!AddressPattern().IsMatch(address) || !ushort.TryParse(address.AsSpan(address.LastIndexOf(':') + 1), out var port)
                || port == 0)
            {
                Report(key, "expected addresses host:port, ports from 1 to 65535", address);
            }
        }

        return [.. addresses.Distinct()];
    }

    /// <summary>Words, as a list or separated by commas; none for <paramref name="none"/>.</summary>
    public ImmutableArray<string> Words(string key, string none = "none")
    {
        var text = Raw(key);
        text = text is ['[', .., ']'] ? text[1..^1] : text;
        return text == none ? []
            : [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(word => word.Trim('"')).Distinct()];
    }

    public long Bytes(string key, long min, long max = MaxBytes) => Size(key, Raw(key), min, max, "");

    public long? BytesOrAuto(string key, long min, long max = MaxBytes) =>
        Raw(key) is var text && text == Auto ? null : Size(key, text, min, max, $" or {Auto}");

    private long Size(string key, string text, long min, long max, string otherwise)
    {
        if (Quantity(text) is (var number, var unit) && SizeUnit(unit) is { } factor
            && number * factor >= min && number * factor <= max)
        {
            return (long)(number * factor);
        }

        Report(key, $"expected a size from {min} to {max} bytes with its unit (B, kB, KiB, MB, MiB, GB, GiB){otherwise}", text);
        return min;
    }

    public T Choice<T>(string key, params (string Word, T Value)[] choices)
    {
        var text = Raw(key);
        foreach (var (word, value) in choices)
        {
            if (word == text)
                return value;
        }

        Report(key, $"expected {string.Join(", ", choices.Select(choice => choice.Word))}", text);
        return choices[0].Value;
    }

    public void Report(string key, string expected, object? found) => problems.Add(
        $"{(leaves.TryGetValue(key, out var leaf) ? leaf.Source : "configuration")}: akka-cp.{key}: {expected}, found {found}");

    private const long MaxDurationTicks = TimeSpan.TicksPerDay;
    private const long MaxBytes = 1L << 50;

    private string Raw(string key)
    {
        _known.Add(key);
        return leaves.TryGetValue(key, out var leaf) ? leaf.Text : "";
    }

    private int Number(string key, string text, int min, int max, string orWord)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max)
        {
            return number;
        }

        Report(key, $"expected a whole number from {min} to {max}{orWord}", text);
        return min;
    }

    private static (decimal Number, string Unit)? Quantity(string text) =>
        QuantityPattern().Match(text) is { Success: true } match
        && decimal.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? (number, match.Groups[2].Value)
            : null;

    private static decimal? DurationUnit(string unit) => unit switch
    {
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" or "min" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        _ => null,
    };

    private static decimal? SizeUnit(string unit) => unit switch
    {
        "B" => 1,
        "kB" => 1_000,
        "KiB" => 1L << 10,
        "MB" => 1_000_000,
        "MiB" => 1L << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1L << 30,
        _ => null,
    };

    [GeneratedRegex(@"^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]+)$")]
    private static partial Regex QuantityPattern();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9-]{0,62}$")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}$")]
    private static partial Regex AddressPattern();
}
