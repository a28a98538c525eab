using System.Text.Json.Nodes;

namespace AkkaCp.Engine.Chat;

/// <summary>A call that a model wrote.</summary>
/// <param name="Name">The function's name, which need not be one that was offered.</param>
/// <param name="Arguments">The arguments by name.</param>
internal sealed record ToolCall(string Name, JsonObject Arguments);
