using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// Writes and reads every <see cref="IWireMessage"/>: hand-written binary under explicit manifests, so that a node accepts what is
/// listed here and nothing else. A manifest ends in the version of its format; a reader of the next version keeps the previous one.
/// </summary>
public sealed class CpWireSerializer : SerializerWithStringManifest
{
    private static readonly WireFormat[] s_formats =
    [
        WireFormat.Of<GenerationProtocol.Submit>("submit/1", GenerationWire.Write, GenerationWire.Submit),
        WireFormat.Of<GenerationProtocol.Cancel>("cancel/1", (to, cancel) => to.Id(cancel.RequestId), from => new(from.Id())),
        WireFormat.Of<GenerationProtocol.Progress>("progress/1", GenerationWire.Write, GenerationWire.Progress),
        WireFormat.Of<GenerationProtocol.TokenGenerated>("token/1", GenerationWire.Write, GenerationWire.TokenGenerated),
        WireFormat.Of<GenerationProtocol.Completed>("completed/1", GenerationWire.Write, GenerationWire.Completed),
        WireFormat.Of<GenerationProtocol.Failed>("failed/1", GenerationWire.Write, GenerationWire.Failed),
        WireFormat.Of<RankProtocol.Close>("close/1", WriteClose, from => new(from.Long(), from.Duration())),
        WireFormat.Of<RankProtocol.Open>("open/1", (to, open) => to.Long(open.Epoch), from => new(from.Long())),
        WireFormat.Of<RankProtocol.RunStep>("run-step/1", (to, run) => to.Write(run.Plan), from => new(from.StepPlan())),
        WireFormat.Of<RankProtocol.Closed>("closed/1", WriteEvent, from => new(from.Long(), from.Int())),
        WireFormat.Of<RankProtocol.Opened>("opened/1", WriteEvent, from => new(from.Long(), from.Int())),
        WireFormat.Of<RankProtocol.OpenFailed>("open-failed/1", WriteOpenFailed, from => new(from.Long(), from.Int(), from.Text())),
        WireFormat.Of<RankProtocol.StepAccepted>("step-accepted/1", WriteAccepted, from => new(from.Long(), from.Long(), from.Int())),
        WireFormat.Of<RankProtocol.StepEnded>("step-ended/1", (to, ended) => to.Write(ended.Result), from => new(from.StepResult())),
        WireFormat.Of<RankProtocol.RankLost>("rank-lost/1", WriteLost, from => new(from.Long(), from.Int(), from.Text())),
        WireFormat.Of<CoordinatorProtocol.Drain>("drain/1", (to, drain) => to.Duration(drain.Timeout), from => new(from.Duration())),
    ];

    private static readonly Dictionary<Type, WireFormat> s_byType = s_formats.ToDictionary(format => format.Type);
    private static readonly Dictionary<string, WireFormat> s_byManifest = s_formats.ToDictionary(format => format.Manifest);

    /// <summary>Called by Akka.</summary>
    public CpWireSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <summary>All message types that can be written.</summary>
    internal static IEnumerable<Type> MessageTypes => s_byType.Keys;

    /// <inheritdoc/>
    public override string Manifest(object o) => FormatOf(o).Manifest;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The message is not in the closed set.</exception>
    public override byte[] ToBinary(object obj)
    {
        using var writer = new WireWriter();
        FormatOf(obj).Write(writer, obj);
        return writer.ToArray();
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The manifest is unknown, or the bytes are not such a message.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (!s_byManifest.TryGetValue(manifest, out var format))
            throw new SerializationException($"{nameof(CpWireSerializer)}: unknown manifest \"{manifest}\"");
        var reader = new WireReader(bytes);
        var message = format.Read(reader);
        reader.End();
        return message;
    }

    private static WireFormat FormatOf(object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return s_byType.TryGetValue(message.GetType(), out var format)
            ? format
            : throw new SerializationException($"{nameof(CpWireSerializer)}: {message.GetType()} has no format");
    }

    private static void WriteClose(WireWriter to, RankProtocol.Close close)
    {
        to.Long(close.Epoch);
        to.Duration(close.Timeout);
    }

    private static void WriteEvent(WireWriter to, RankProtocol.IEvent happened)
    {
        to.Long(happened.Epoch);
        to.Int(happened.Rank);
    }

    private static void WriteOpenFailed(WireWriter to, RankProtocol.OpenFailed failed)
    {
        WriteEvent(to, failed);
        to.Text(failed.Message);
    }

    private static void WriteAccepted(WireWriter to, RankProtocol.StepAccepted accepted)
    {
        to.Long(accepted.Epoch);
        to.Long(accepted.Step);
        to.Int(accepted.Rank);
    }

    private static void WriteLost(WireWriter to, RankProtocol.RankLost lost)
    {
        WriteEvent(to, lost);
        to.Text(lost.Message);
    }
}
