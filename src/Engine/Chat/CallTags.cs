namespace AkkaCp.Engine.Chat;

/// <summary>The tags of calls.</summary>
internal static class CallTags
{
    public const string Open = "<tool_call>";
    public const string Close = "</tool_call>";
    public const string FunctionOpen = "<function=";
    public const string FunctionClose = "</function>";
    public const string ParameterOpen = "<parameter=";
    public const string ParameterClose = "</parameter>";
}
