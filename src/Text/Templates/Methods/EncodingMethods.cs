using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Between text and bytes: UTF-8, ASCII and Latin-1, and what becomes of characters that they lack.</summary>
internal static class EncodingMethods
{
    /// <summary>str.encode(encoding="utf-8", errors="strict").</summary>
    public static TemplateValue Encode(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (encoding, errors) = Read(arguments, "encode");
        context.Budget.Text(4L * StringMethods.Text(subject).Length);
        return Carry("encode", () => new BytesValue(WithErrors(encoding, errors).GetBytes(StringMethods.Text(subject))));
    }

    /// <summary>bytes.decode(encoding="utf-8", errors="strict").</summary>
    public static TemplateValue Decode(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (encoding, errors) = Read(arguments, "decode");
        var bytes = ((BytesValue)subject).Bytes;
        context.Budget.Text(bytes.Length);
        return Carry("decode", () => new StringValue(WithErrors(encoding, errors).GetString(bytes)));
    }

    private static (Encoding Encoding, string Errors) Read(CallArguments arguments, string name)
    {
        var bound = arguments.Bind(name, "encoding", "errors");
        var wanted = bound[0] is null ? "utf-8" : bound[0].AsText(name, "encoding");
        Encoding encoding = wanted.ToLowerInvariant().Replace('_', '-') switch
        {
            "utf-8" or "utf8" or "u8" => Encoding.UTF8,
            "ascii" or "us-ascii" => Encoding.ASCII,
            "latin-1" or "latin1" or "iso-8859-1" or "l1" => Encoding.Latin1,
            _ => throw new TemplateError($"{name}(): encodings are utf-8, ascii and latin-1, found '{wanted}'"),
        };
        return (encoding, bound[1] is null ? "strict" : bound[1].AsText(name, "errors"));
    }

    private static Encoding WithErrors(Encoding encoding, string errors)
    {
        var result = (Encoding)encoding.Clone();
        (result.EncoderFallback, result.DecoderFallback) = errors switch
        {
            "ignore" => (new EncoderReplacementFallback(""), new DecoderReplacementFallback("")),
            "replace" => (new EncoderReplacementFallback("?"), (DecoderFallback)new DecoderReplacementFallback("\ufffd")),
            _ => (EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback),
        };
        return result;
    }

    private static TemplateValue Carry(string name, Func<TemplateValue> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is EncoderFallbackException or DecoderFallbackException)
        {
            throw new TemplateError($"{name}(): {error.Message}");
        }
    }
}
