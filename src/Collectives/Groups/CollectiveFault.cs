using System.Globalization;
using System.Text;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>Why a call ended without a result, in a form that travels.</summary>
/// <param name="Kind">Which exception it becomes.</param>
/// <param name="Members">Members that it is about; never empty.</param>
/// <param name="Text">The reason; of a mismatch what was found; empty of a peer that just did not come in time.</param>
/// <param name="Expected">Of a mismatch what was expected; else empty.</param>
/// <param name="Waited">Of a lost peer, the time since the first member came.</param>
internal sealed record CollectiveFault(
    CollectiveFaultKind Kind, IReadOnlyList<int> Members, string Text, string Expected = "", TimeSpan Waited = default)
{
    private const char Separator = '\n';
    private const int Fields = 5;

    // Two texts, a list of members and the rest fit a frame.
    private const int MaxText = 300;

    public static CollectiveFault Mismatch(int member, string expected, string found) =>
        new(CollectiveFaultKind.Mismatch, [member], found, expected);

    public static CollectiveFault Aborted(int member, string reason) => new(CollectiveFaultKind.Aborted, [member], reason);

    public static CollectiveFault Lost(IReadOnlyList<int> members, string reason, TimeSpan waited) =>
        new(CollectiveFaultKind.Lost, members, reason, Waited: waited);

    /// <summary>Members that did not come within a call's limit.</summary>
    public static CollectiveFault Late(IReadOnlyList<int> members, TimeSpan waited) => Lost(members, "", waited);

    /// <summary>A new instance for each member: a shared one would mix their stack traces.</summary>
    public Exception ToException(string group, CollectiveTag tag) => Kind switch
    {
        CollectiveFaultKind.Mismatch => new CollectiveMismatchException(group, tag, Members[0], Expected, Text),
        CollectiveFaultKind.Aborted => new CollectiveAbortedException(group, tag, Members[0], Text),
        _ => new PeerLostException(group, tag, Members, Waited, Text.Length == 0 ? null : Text),
    };

    /// <summary>As a frame's payload, cut where it is too long.</summary>
    public byte[] Encode()
    {
        var text = string.Join(Separator, (int)Kind, string.Join(',', Members), Waited.Ticks, Line(Expected), Line(Text));
        return Cut(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The text alone, as a frame's payload.</summary>
    public byte[] Reason() => Cut(Encoding.UTF8.GetBytes(Line(Text)));

    /// <exception cref="ProtocolException">The payload is no fault of a group of that size.</exception>
    public static CollectiveFault Decode(ReadOnlySpan<byte> payload, int groupSize)
    {
        var fields = Encoding.UTF8.GetString(payload).Split(Separator);
        if (fields.Length != Fields
            || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var kind)
            || kind > (int)CollectiveFaultKind.Lost
            || !long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks))
        {
            throw new ProtocolException("a fault that cannot be read");
        }

        return new CollectiveFault((CollectiveFaultKind)kind, ReadMembers(fields[1], groupSize), fields[4], fields[3], new TimeSpan(ticks));
    }

    private static int[] ReadMembers(string list, int groupSize) =>
        [.. list.Split(',').Select(text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var member) && member < groupSize
                ? member
                : throw new ProtocolException($"a fault about a member of {groupSize} that is not there"))];

    private static string Line(string text)
    {
        var line = text.Replace(Separator, ' ');
        return line.Length <= MaxText ? line : line[..MaxText];
    }

    private static byte[] Cut(byte[] bytes) => bytes.Length <= FrameHeader.MaxTextBytes ? bytes : bytes[..FrameHeader.MaxTextBytes];
}

/// <summary>The ways in which a call ends without a result, as numbered on the wire.</summary>
internal enum CollectiveFaultKind
{
    /// <summary>Members did not mean the same.</summary>
    Mismatch,

    /// <summary>A member left the step, or cancelled its call.</summary>
    Aborted,

    /// <summary>A member's process is gone.</summary>
    Lost,
}
