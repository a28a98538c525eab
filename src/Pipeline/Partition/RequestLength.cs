namespace AkkaCp.Pipeline.Partition;

/// <summary>One request's part in a step.</summary>
/// <param name="Extend">New tokens, at least 0.</param>
/// <param name="Prefix">Tokens before them, already in the KV pool, at least 0.</param>
/// <param name="IsDecode">The request has finished its prompt. A prefill chunk of one token is not a decode row.</param>
public readonly record struct RequestLength(int Extend, int Prefix, bool IsDecode);
