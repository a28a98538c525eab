namespace AkkaCp.Server.Chat;

/// <summary>Fields of a chat that take values of several kinds, as JSON schema: what <see cref="ChatRequest"/>, <see cref="ChatMessages"/>
/// and <see cref="ChatTools"/> read.</summary>
internal static class Shapes
{
    /// <summary>What is not there.</summary>
    public const string Null = """{"type":"null"}""";

    /// <summary>What a message says.</summary>
    public const string Content = """
        {"anyOf":[{"type":"string"},{"type":"null"},{"type":"array","items":{"anyOf":[
          {"type":"object","properties":{"type":{"enum":["text"]},"text":{"type":"string"}},"required":["type","text"]},
          {"type":"object","properties":{"type":{"enum":["refusal"]},"refusal":{"type":"string"}},"required":["type","refusal"]}]}}]}
        """;

    /// <summary>Functions that a model may call.</summary>
    public const string Tools = """
        {"type":["array","null"],"maxItems":1024,"items":{"type":"object","required":["type","function"],"properties":{
          "type":{"enum":["function"]},
          "function":{"type":"object","required":["name"],"properties":{
            "name":{"type":"string","pattern":"^[a-zA-Z0-9_-]{1,64}$"},
            "description":{"type":["string","null"]},
            "parameters":{"type":["object","null"],"properties":{"type":{"enum":["object"]},"properties":{"type":"object"}}},
            "strict":{"enum":[false,null]}}}}}}
        """;
}
