using System.Collections.Immutable;

namespace AkkaCp.Engine;

/// <summary>A request's prompt as the model gets it.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="OpensReasoning">Whether the prompt ends inside <c>&lt;think&gt;</c>, so that the answer begins with
/// reasoning.</param>
public sealed record EncodedPrompt(ImmutableArray<int> Tokens, bool OpensReasoning);
