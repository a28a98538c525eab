using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>The methods of bytes that lead back to text.</summary>
internal static class BytesMethods
{
    public static FrozenDictionary<string, Operation> Table { get; } = new Dictionary<string, Operation>
    {
        ["decode"] = EncodingMethods.Decode,
        ["hex"] = Hex,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static StringValue Hex(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Exactly("hex", 0);
        var bytes = ((BytesValue)subject).Bytes;
        context.Budget.Text(2L * bytes.Length);
        return new StringValue(Convert.ToHexStringLower(bytes));
    }
}
