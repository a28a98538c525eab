namespace AkkaCp.Collectives.Wire;

/// <summary>The other side of a connection said what it must not say.</summary>
internal sealed class ProtocolException(string message) : IOException(message);
