using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Wire;

/// <summary>
/// Writes and reads every <see cref="IWireMessage"/> and <see cref="IRequestMessage"/>: hand-written binary under explicit manifests, so
/// that a node accepts what is listed here and nothing else. A manifest ends in the version of its format. Requests and heartbeats of other
/// versions become <see cref="Foreign"/> and are refused; what refuses them keeps its format.
/// </summary>
public sealed class WireSerializer : SerializerWithStringManifest
{
    private static readonly WireFormat[] s_formats =
    [
        WireFormat.Of<EdgeProtocol.HandIn>("submit/2", EdgeWire.Write, EdgeWire.HandIn),
        WireFormat.Of<GenerationProtocol.Cancel>("cancel/1", (to, cancel) => to.Id(cancel.RequestId), from => new(from.Id())),
        WireFormat.Of<GenerationProtocol.Progress>("progress/1", GenerationWire.Write, GenerationWire.Progress),
        WireFormat.Of<GenerationProtocol.TokenGenerated>("token/1", GenerationWire.Write, GenerationWire.TokenGenerated),
        WireFormat.Of<GenerationProtocol.Completed>("completed/1", GenerationWire.Write, GenerationWire.Completed),
        WireFormat.Of<GenerationProtocol.Failed>("failed/1", GenerationWire.Write, GenerationWire.Failed),
        WireFormat.Of<EdgeProtocol.Poll>("poll/1", EdgeWire.Write, EdgeWire.Poll),
        WireFormat.Of<EdgeProtocol.Done>("done/1", (to, done) => to.Id(done.RequestId), from => new(from.Id())),
        WireFormat.Of<EdgeProtocol.Ended>("ended/1", EdgeWire.Write, EdgeWire.Ended),
        WireFormat.Of<EdgeProtocol.Waiting>("waiting/2", EdgeWire.Write, EdgeWire.Waiting),
        WireFormat.Of<EdgeProtocol.Unknown>("unknown/1", (to, unknown) => to.Id(unknown.RequestId), from => new(from.Id())),
        WireFormat.Of<NodeProtocol.Heartbeat>("pulse/2", NodeWire.Write, NodeWire.Heartbeat),
        WireFormat.Of<NodeProtocol.Assigned>("assigned/1", WriteAssigned, from => new(from.Ints(), from.Ints())),
        WireFormat.Of<NodeProtocol.Refused>("refused/1", (to, refused) => to.Text(refused.Reason), from => new(from.Text())),
        WireFormat.Of<NodeProtocol.Outsider>("outsider/1", (_, _) => { }, _ => NodeProtocol.Outsider.Instance),
        WireFormat.Of<NodeProtocol.Closed>("node-closed/1", WriteClosed, from => new(from.Long(), from.Text())),
        WireFormat.Of<NodeProtocol.Died>("node-died/1", (to, died) => to.Text(died.Control), from => new(from.Text())),
        WireFormat.Of<NodeProtocol.Locate>("locate/1", (_, _) => { }, _ => NodeProtocol.Locate.Instance),
        WireFormat.Of<NodeProtocol.Located>("located/1", NodeWire.Write, NodeWire.Located),
        WireFormat.Of<NodeProtocol.AskClusterView>("ask-island/1", (_, _) => { }, _ => NodeProtocol.AskClusterView.Instance),
        WireFormat.Of<NodeProtocol.ClusterView>("island/1", WriteClusterView, from => new(from.Int(), from.Text())),
        WireFormat.Of<NodeProtocol.Probe>("probe/1", WriteProbe, from => new(from.Text(), from.Text())),
        WireFormat.Of<NodeProtocol.Probed>("probed/1", NodeWire.Write, NodeWire.Probed),
        WireFormat.Of<HashProtocol.AskOwn>("ask-hashes/1", (_, _) => { }, _ => HashProtocol.AskOwn.Instance),
        WireFormat.Of<HashProtocol.AskCarried>("ask-carried-hashes/1", HashWire.Write, from => new(from.Id(), from.Int())),
        WireFormat.Of<HashProtocol.Own>("hashes/1", HashWire.Write, HashWire.Own),
        WireFormat.Of<HashProtocol.Table>("carried-hashes/1", HashWire.Write, HashWire.HashTable),
        WireFormat.Of<CoordinatorProtocol.AskStatus>("ask-status/1", (_, _) => { }, _ => CoordinatorProtocol.AskStatus.Instance),
        WireFormat.Of<CoordinatorProtocol.StatusTold>(
            "status/2", (to, told) => to.Write(told.Status), from => new(from.ClusterStatus())),
        WireFormat.Of<RankProtocol.Close>("close/1", RankWire.Write, from => new(from.Long(), from.Duration())),
        WireFormat.Of<RankProtocol.Open>("open/1", (to, open) => to.Write(open.Table), from => new(from.Table())),
        WireFormat.Of<RankProtocol.RunStep>("run-step/1", RankWire.Write, RankWire.RunStep),
        WireFormat.Of<LogitsProtocol.Row>("row/1", WriteRow, from => new(from.Id(), from.Int(), from.Floats())),
        WireFormat.Of<LogitsProtocol.RowTaken>("row-taken/1", WriteTaken, from => new(from.Id(), from.Int())),
        WireFormat.Of<LogitsProtocol.RowsEnded>("rows-ended/1", (to, ended) => to.Id(ended.RequestId), from => new(from.Id())),
        WireFormat.Of<FragmentProtocol.Fragment>(
            "part/1", WriteFragment, from => new(from.Id(), from.Int(), from.Int(), from.Text(), from.Bytes())),
        WireFormat.Of<RankProtocol.Resend>("resend/1", RankWire.Write, from => new(from.Long(), from.Long())),
        WireFormat.Of<RankProtocol.Opened>("opened/1", RankWire.Write, from => new(from.Long(), from.Int())),
        WireFormat.Of<RankProtocol.OpenFailed>("open-failed/1", RankWire.Write, from => new(from.Long(), from.Int(), from.Text())),
        WireFormat.Of<RankProtocol.StepAccepted>("step-accepted/1", RankWire.Write, from => new(from.Long(), from.Long(), from.Int())),
        WireFormat.Of<RankProtocol.StepEnded>("step-ended/1", (to, ended) => to.Write(ended.Result), from => new(from.StepResult())),
        WireFormat.Of<RankProtocol.RankLost>("rank-lost/1", RankWire.Write, from => new(from.Long(), from.Int(), from.Text())),
        WireFormat.Of<CoordinatorProtocol.Drain>("drain/1", (to, drain) => to.Duration(drain.Timeout), from => new(from.Duration())),
    ];

    private static readonly Dictionary<Type, WireFormat> s_byType = s_formats.ToDictionary(format => format.Type);
    private static readonly Dictionary<string, WireFormat> s_byManifest = s_formats.ToDictionary(format => format.Manifest);

    /// <summary>Called by Akka.</summary>
    public WireSerializer(ExtendedActorSystem system)
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
        var reader = new WireReader(bytes, system);
        if (!s_byManifest.TryGetValue(manifest, out var format))
        {
            return Foreign.IsMet(manifest)
                ? new Foreign(manifest, reader.Id())
                : throw new SerializationException($"{nameof(WireSerializer)}: unknown manifest \"{manifest}\"");
        }

        var message = format.Read(reader);
        reader.End();
        return message;
    }

    private static WireFormat FormatOf(object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return s_byType.TryGetValue(message.GetType(), out var format)
            ? format
            : throw new SerializationException($"{nameof(WireSerializer)}: {message.GetType()} has no format");
    }

    private static void WriteAssigned(WireWriter to, NodeProtocol.Assigned assigned)
    {
        to.Ints(assigned.Ranks);
        to.Ints(assigned.Preload);
    }

    private static void WriteClosed(WireWriter to, NodeProtocol.Closed closed)
    {
        to.Long(closed.Epoch);
        to.Text(closed.Node);
    }

    private static void WriteClusterView(WireWriter to, NodeProtocol.ClusterView view)
    {
        to.Int(view.Size);
        to.Text(view.First);
    }

    private static void WriteProbe(WireWriter to, NodeProtocol.Probe probe)
    {
        to.Text(probe.Control);
        to.Text(probe.Data);
    }

    private static void WriteRow(WireWriter to, LogitsProtocol.Row row)
    {
        to.Id(row.RequestId);
        to.Int(row.Position);
        to.Floats(row.Logits.AsSpan());
    }

    private static void WriteTaken(WireWriter to, LogitsProtocol.RowTaken taken)
    {
        to.Id(taken.RequestId);
        to.Int(taken.Position);
    }

    private static void WriteFragment(WireWriter to, FragmentProtocol.Fragment fragment)
    {
        to.Id(fragment.Message);
        to.Int(fragment.Index);
        to.Int(fragment.Count);
        to.Text(fragment.Manifest);
        to.Bytes(fragment.Bytes.AsSpan());
    }
}
