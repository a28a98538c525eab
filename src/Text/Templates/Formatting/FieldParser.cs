using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>A replacement field {name!conversion:specification}; the conversion is '\0' where there is none.</summary>
internal readonly record struct FormatField(string Name, char Conversion, string Specification);

/// <summary>A step of a field's name: .name or [key].</summary>
internal readonly record struct FieldStep(bool IsAttribute, string Name)
{
    /// <summary>A key of digits is an index.</summary>
    public TemplateValue Key => FieldParser.Number(Name) is { } number ? new IntegerValue(number) : new StringValue(Name);
}

/// <summary>A field's name: a number or a name, and the steps from there.</summary>
internal sealed record FieldPath(string Name, int? Index, IReadOnlyList<FieldStep> Steps);

/// <summary>Cuts the format of <c>str.format</c> into literals and fields, as CPython does.</summary>
internal static class FieldParser
{
    public static IEnumerable<(string Literal, FormatField? Field)> Parse(string format)
    {
        for (var offset = 0; offset < format.Length;)
        {
            var brace = format.AsSpan(offset).IndexOfAny('{', '}');
            if (brace < 0)
            {
                yield return (format[offset..], null);
                yield break;
            }

            brace += offset;
            var next = brace + 1;
            if (next < format.Length && format[next] == format[brace])
            {
                yield return (format[offset..next], null);
                offset = next + 1;
                continue;
            }

            if (format[brace] == '}' || next == format.Length)
                throw new TemplateError($"single '{format[brace]}' in a format");
            var (field, end) = ParseField(format, next);
            yield return (format[offset..brace], field);
            offset = end;
        }
    }

    public static FieldPath ParsePath(string name)
    {
        var end = name.AsSpan().IndexOfAny('.', '[') is var found && found < 0 ? name.Length : found;
        var steps = new List<FieldStep>();
        for (var offset = end; offset < name.Length;)
        {
            var isAttribute = name[offset] == '.';
            if (!isAttribute && name[offset] != '[')
                throw new TemplateError("only '.' or '[' may follow ']' in a format's field");
            var rest = name.AsSpan(offset + 1);
            var length = isAttribute ? rest.IndexOfAny('.', '[') : rest.IndexOf(']');
            if (length < 0)
                length = isAttribute ? rest.Length : throw new TemplateError("']' is missing in a format's field");
            if (length == 0)
                throw new TemplateError("empty attribute in a format's field");
            steps.Add(new FieldStep(isAttribute, rest[..length].ToString()));
            offset += 1 + length + (isAttribute ? 0 : 1);
        }

        var first = name[..end];
        return new FieldPath(first, Number(first) is { } number ? (int)BigInteger.Min(number, int.MaxValue) : null, steps);
    }

    public static BigInteger? Number(string text)
    {
        if (text.Length is 0 or > NumberValue.MaxDigits)
            return null;
        return text.All(char.IsAsciiDigit) ? BigInteger.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    private static (FormatField Field, int End) ParseField(string format, int start)
    {
        var end = NameEnd(format, start);
        var name = format[start..end];
        var conversion = '\0';
        if (format[end] == '!')
        {
            if (end + 2 >= format.Length)
                throw Unfinished();
            conversion = format[end + 1];
            end += 2;
            if (format[end] is not ('}' or ':'))
                throw new TemplateError("expected ':' after a conversion in a format");
        }

        if (format[end] == '}')
            return (new FormatField(name, conversion, ""), end + 1);
        var close = SpecificationEnd(format, end + 1);
        return (new FormatField(name, conversion, format[(end + 1)..close]), close + 1);
    }

    /// <summary>Where '}', ':' or '!' ends the name; inside brackets they do not.</summary>
    private static int NameEnd(string format, int start)
    {
        var inBrackets = false;
        for (var i = start; i < format.Length; i++)
        {
            switch (format[i])
            {
                case '{':
                    throw new TemplateError("unexpected '{' in a format's field name");
                case '[':
                    inBrackets = true;
                    break;
                case ']':
                    inBrackets = false;
                    break;
                case '}' or ':' or '!' when !inBrackets:
                    return i;
            }
        }

        throw Unfinished();
    }

    private static int SpecificationEnd(string format, int start)
    {
        var depth = 1;
        for (var i = start; i < format.Length; i++)
        {
            depth += format[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
                return i;
        }

        throw Unfinished();
    }

    private static TemplateError Unfinished() => new("expected '}' before a format's end");
}
