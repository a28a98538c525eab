namespace AkkaCp.Engine.Chat;

/// <summary>The kinds of values that a JSON schema allows.</summary>
[Flags]
internal enum JsonKinds
{
    /// <summary>The schema does not say.</summary>
    None = 0,
    Null = 1,
    Integer = 2,
    Number = 4,
    Boolean = 8,
    Object = 16,
    Array = 32,
    String = 64,
}
