using System.Text.Json;
using System.Text.Json.Serialization;

namespace AkkaCp.Server.Json;

/// <summary>A value is not what its field takes; the serializer adds the path.</summary>
/// <param name="rule">What it must be, and what it is.</param>
internal sealed class WrongJsonException(string rule) : JsonException(rule)
{
    /// <summary>What it must be, and what it is.</summary>
    public string Rule { get; } = rule;

    /// <summary>A rule that the reader's token breaks.</summary>
    public static WrongJsonException At(ref Utf8JsonReader reader, string expected) => new($"must be {expected}, found {Name(ref reader)}");

    private static string Name(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Number => Start(System.Text.Encoding.UTF8.GetString(reader.ValueSpan)),
        JsonTokenType.String => "a string",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "null",
    };

    private static string Start(string number) => number.Length <= 30 ? number : number[..30] + "…";
}

/// <summary>Strings, and nothing that could be written as one.</summary>
internal sealed class StrictString : JsonConverter<string>
{
    /// <inheritdoc/>
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw WrongJsonException.At(ref reader, "a string");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value);
}

/// <summary>Whole numbers of 32 bits.</summary>
internal sealed class StrictInt : JsonConverter<int>
{
    /// <inheritdoc/>
    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value
            : throw WrongJsonException.At(ref reader, "a whole number");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>Whole numbers of 64 bits.</summary>
internal sealed class StrictLong : JsonConverter<long>
{
    /// <inheritdoc/>
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value
            : throw WrongJsonException.At(ref reader, "a whole number");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>Numbers that are one in single precision.</summary>
internal sealed class StrictFloat : JsonConverter<float>
{
    /// <inheritdoc/>
    public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetSingle(out var value) && float.IsFinite(value) ? value
            : throw WrongJsonException.At(ref reader, "a number");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>true and false.</summary>
internal sealed class StrictBool : JsonConverter<bool>
{
    /// <inheritdoc/>
    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean()
            : throw WrongJsonException.At(ref reader, "true or false");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);
}
