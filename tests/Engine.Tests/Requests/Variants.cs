using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;

namespace AkkaCp.Engine.Tests.Requests;

/// <summary>
/// Walks a value's public properties, what is in its lists included, and gives copies of it, each with one place replaced by what nobody
/// would write: null, a default, a number that is none, a list of nothing. A property of a type that it does not know is an error, so that
/// a new one is not passed over.
/// </summary>
internal static class Variants
{
    private static readonly JsonElement s_disposed = Disposed();

    /// <summary>Copies of a record, each with the path of what is replaced, in the words of requests: <c>messages[0].role</c>.</summary>
    public static IEnumerable<(string Path, object? Value)> Of(string path, Type type, object? value)
    {
        foreach (var odd in Odd(type))
            yield return (path, odd);
        foreach (var (inner, changed) in Inside(path, Nullable.GetUnderlyingType(type) ?? type, value))
            yield return (inner, changed);
    }

    private static IEnumerable<object?> Odd(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? OddOf(inner).Prepend(null)
        : type.IsValueType ? OddOf(type).Prepend(Activator.CreateInstance(type))
        : OddOf(type).Prepend(null);

    private static IEnumerable<object?> OddOf(Type type) => type switch
    {
        _ when type == typeof(bool) => [true, false],
        _ when type == typeof(int) => [0, -1, int.MinValue, int.MaxValue],
        _ when type == typeof(ulong) => [0ul, ulong.MaxValue],
        _ when type == typeof(float) => [0f, -1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue],
        _ when type == typeof(TimeSpan) => [TimeSpan.Zero, TimeSpan.FromMilliseconds(-1), TimeSpan.MinValue, TimeSpan.MaxValue],
        _ when type == typeof(string) => ["", " ", "\0", "\ud800", "\udc00x", "a\nb", "\"}", new string('x', 1_000_000)],
        _ when type == typeof(JsonElement) => [s_disposed, .. Json()],
        _ when Item(type) is { } item =>
            [Array.CreateInstance(item, 0), Default(item), One(item, item.IsValueType ? Activator.CreateInstance(item) : null)],
        _ when IsDictionary(type) => [Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GenericTypeArguments))],
        _ when type.IsInterface || IsRecord(type) => [],
        _ => throw new InvalidOperationException($"what would be odd for a {type}? Say it here"),
    };

    private static IEnumerable<(string Path, object? Value)> Inside(string path, Type type, object? value) => value switch
    {
        null or string => [],
        _ when Item(type) is { } item => Items(path, item, (IList)value),
        _ when IsDictionary(type) => Entries(path, type, (IDictionary)value),
        _ when IsRecord(type) => Properties(path, type, value),
        _ => [],
    };

    private static IEnumerable<(string, object?)> Items(string path, Type item, IList list)
    {
        for (var i = 0; i < list.Count; i++)
        {
            foreach (var (inner, changed) in Of($"{path}[{i}]", item, list[i]))
            {
                var copy = Array.CreateInstance(item, list.Count);
                list.CopyTo(copy, 0);
                copy.SetValue(changed, i);
                yield return (inner, copy);
            }
        }
    }

    private static IEnumerable<(string, object?)> Entries(string path, Type type, IDictionary entries)
    {
        foreach (var key in entries.Keys.Cast<object>().ToList())
        {
            foreach (var (inner, changed) in Of(path, type.GenericTypeArguments[1], entries[key]))
            {
                var copy = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GenericTypeArguments))!;
                copy[key] = changed;
                yield return (inner, copy);
            }
        }
    }

    private static IEnumerable<(string, object?)> Properties(string path, Type type, object value)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(one => one.CanWrite))
        {
            var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            foreach (var (inner, changed) in Of(
                path.Length == 0 ? name : $"{path}.{name}", property.PropertyType, property.GetValue(value)))
            {
                var copy = type.GetMethod("<Clone>$")!.Invoke(value, null)!;
                property.SetValue(copy, changed);
                yield return (inner, copy);
            }
        }
    }

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    private static bool IsDictionary(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>);

    private static Type? Item(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GenericTypeArguments[0] : null;

    private static object? Default(Type item) => Activator.CreateInstance(typeof(ImmutableArray<>).MakeGenericType(item));

    private static Array One(Type item, object? value)
    {
        var list = Array.CreateInstance(item, 1);
        list.SetValue(value, 0);
        return list;
    }

    private static IEnumerable<object?> Json()
    {
        string[] texts =
        [
            "null", "1", "[]", "{}", "\"x\"", """{"a": 1, "a": 2}""", """{"\ud800": 1, "\ud801": "\udc00"}""", """{"x": "\ud83d"}""",
            new string('[', 300) + new string(']', 300), "1e999999",
        ];
        return texts.Select(text => (object?)JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 }).RootElement);
    }

    private static JsonElement Disposed()
    {
        using var document = JsonDocument.Parse("{}");
        return document.RootElement;
    }
}
