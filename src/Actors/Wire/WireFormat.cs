namespace AkkaCp.Actors.Wire;

/// <summary>One message type's manifest, writer and reader.</summary>
/// <param name="Type">The message.</param>
/// <param name="Manifest">Names type and version of the format on the wire.</param>
/// <param name="Write">Appends the message.</param>
/// <param name="Read">Reads it back.</param>
internal sealed record WireFormat(Type Type, string Manifest, Action<WireWriter, object> Write, Func<WireReader, object> Read)
{
    /// <summary>The format of <typeparamref name="T"/>.</summary>
    public static WireFormat Of<T>(string manifest, Action<WireWriter, T> write, Func<WireReader, T> read)
        where T : class => new(typeof(T), manifest, (to, message) => write(to, (T)message), read);
}
