using System.Text;
using System.Text.Json.Nodes;

namespace AkkaCp.Engine.Chat;

/// <summary>A call as it is told while a model writes it.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">Its arguments, JSON in a text, as far as they are certain; the last brace comes when the call is whole.</param>
internal readonly record struct WrittenCall(string Name, string Arguments);

/// <summary>What is certain of calls that a model writes, and will be told of them whatever follows.</summary>
/// <param name="Calls">The calls; empty where it is not certain that there is one.</param>
/// <param name="End">Where the text begins that is not in them.</param>
/// <param name="IsMalformed">Whether it goes on with what is no call.</param>
internal readonly record struct BegunCalls(IReadOnlyList<WrittenCall> Calls, int End, bool IsMalformed)
{
    /// <summary>No call is certain.</summary>
    public static BegunCalls None { get; } = new([], 0, IsMalformed: false);
}

/// <summary>Writes the JSON of calls whose form is not JSON, member by member.</summary>
internal sealed class CallWriter
{
    private readonly List<(string Name, StringBuilder Arguments)> _calls = [];

    /// <summary>The calls, all but the last whole; that one without its last brace.</summary>
    public IReadOnlyList<WrittenCall> Calls => [.. _calls.Select(call => new WrittenCall(call.Name, call.Arguments.ToString()))];

    /// <summary>Begins a call.</summary>
    public void Begin(string name)
    {
        End();
        _calls.Add((name, new StringBuilder("{")));
    }

    /// <summary>Ends the last call, if there is one; gives all.</summary>
    public IReadOnlyList<WrittenCall> End()
    {
        if (_calls is [.., var last])
            last.Arguments.Append('}');
        return Calls;
    }

    /// <summary>Adds a member to the last call.</summary>
    public void Member(string name, JsonNode? value) => Add(name, ToolCallJson.Text(value));

    /// <summary>Adds a member whose text goes on: nothing may be added behind it.</summary>
    public void BeginText(string name, string text) => Add(name, ToolCallJson.Text(text)[..^1]);

    private void Add(string name, string value)
    {
        var arguments = _calls[^1].Arguments;
        if (arguments.Length > 1)
            arguments.Append(',');
        arguments.Append(ToolCallJson.Text(name)).Append(':').Append(value);
    }
}
