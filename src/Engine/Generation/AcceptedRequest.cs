namespace AkkaCp.Engine.Generation;

/// <summary>A request that was taken over: checked, rendered and encoded, once, whichever door it came in by.</summary>
/// <param name="Request">The engine's own copy.</param>
/// <param name="Prompt">Its prompt.</param>
internal sealed record AcceptedRequest(GenerationRequest Request, EncodedPrompt Prompt);
