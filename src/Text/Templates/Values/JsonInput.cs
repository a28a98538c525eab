using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AkkaCp.Text.Templates;

/// <summary>Turns JSON into template values, as Python's <c>json.loads</c> would: 1 is an integer, 1.0 a float.</summary>
internal static class JsonInput
{
    /// <exception cref="TemplateError">Nested too deep, or text with half a surrogate pair.</exception>
    public static TemplateValue ToValue(RenderContext context, JsonNode? node)
    {
        context.Budget.Enter();
        var value = node switch
        {
            null => NoneValue.Instance,
            JsonObject entries => OfObject(context, entries),
            JsonArray items => context.List([.. items.Select(item => ToValue(context, item))]),
            _ => OfScalar(context, node),
        };
        context.Budget.Leave();
        return value;
    }

    private static MappingValue OfObject(RenderContext context, JsonObject source)
    {
        context.Budget.Items(source.Count);
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in source)
            entries[new StringValue(key)] = ToValue(context, value);
        return new MappingValue(entries);
    }

    private static TemplateValue OfScalar(RenderContext context, JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        JsonValueKind.String => context.Text(node.GetValue<string>()),
        JsonValueKind.Number => OfNumber(node.ToJsonString()),
        _ => NoneValue.Instance,
    };

    private static NumberValue OfNumber(string text)
    {
        if (text.Length > NumberValue.MaxDigits)
            throw new TemplateError($"input: a number has more than {NumberValue.MaxDigits} digits");
        return text.AsSpan().ContainsAny('.', 'e', 'E')
            ? new FloatValue(double.Parse(text, CultureInfo.InvariantCulture))
            : new IntegerValue(BigInteger.Parse(text, CultureInfo.InvariantCulture));
    }
}
