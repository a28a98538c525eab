namespace AkkaCp.Server.Json;

/// <summary>What a field takes, where its type takes more: JSON schema, for the description of the service.</summary>
/// <param name="schema">The schema.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ShapeAttribute(string schema) : Attribute
{
    /// <summary>The schema.</summary>
    public string Schema => schema;
}
