namespace AkkaCp.Actors.Protocol;

/// <summary>A message of the closed set that <c>WireSerializer</c> writes and reads. Each has a manifest there and a test.</summary>
#pragma warning disable CA1040 // The HOCON that binds messages to their serializer names this type.
public interface IWireMessage;
#pragma warning restore CA1040
