namespace AkkaCp.Model.Gguf;

/// <summary>Types of metadata by their numbers in files.</summary>
internal enum GgufKind
{
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    Float32,
    Bool,
    Text,
    Array,
    UInt64,
    Int64,
    Float64,
}

/// <summary>Where a value of the metadata lies in the header's bytes; it is read when it is asked for.</summary>
/// <param name="Kind">Its type; an array's elements' type.</param>
/// <param name="Count">Elements of an array; null for a single value.</param>
/// <param name="Position">First byte: of a text, of its length.</param>
internal readonly record struct GgufValue(GgufKind Kind, long? Count, int Position)
{
    /// <summary>What it is, for errors.</summary>
    public string Described => Count is { } count ? $"an array of {count} {Word}" : Word;

    private string Word => Kind.ToString().ToLowerInvariant();
}
