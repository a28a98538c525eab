using AkkaCp.Model;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// What must be equal between a client and the group that serves it: prompts are encoded and answers decoded on the client's side.
/// </summary>
/// <param name="Model">The files of the client's model, without weights.</param>
/// <param name="Protocol">Version of its protocol, <see cref="ProtocolVersion.Current"/>.</param>
public sealed record ClientFacts(ModelFacts Model, int Protocol)
{
    /// <summary>Of a client that says nothing of itself; nobody serves it.</summary>
    public static ClientFacts None { get; } = new(ModelFacts.None, 0);
}
