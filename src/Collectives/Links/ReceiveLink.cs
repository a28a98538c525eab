using System.Text;
using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Links;

/// <summary>
/// Frames from one peer, and the thread that takes them: it puts rows where they belong and never waits for anything but the peer's
/// bytes. So whatever a peer may send is always taken, and no frame stands in the way of another for longer than its own bytes take.
/// </summary>
internal sealed class ReceiveLink(RankMesh mesh, Peer peer, Connection connection)
{
    private readonly FrameReader _reader = new(connection);
    private uint _consumed;

    public Connection Connection => connection;

    /// <summary>Receives until the link ends; runs on the link's own thread.</summary>
    public void Run()
    {
        try
        {
            mesh.Lose(peer, ReceiveAll());
        }
        catch (ProtocolException breach)
        {
            mesh.Broken(peer, breach.Message);
            mesh.Lose(peer, $"broke the protocol: {breach.Message}");
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            mesh.Lose(peer, broken.Message);
        }
        catch (Exception bug)
        {
            mesh.Fail(peer, bug);
        }
        finally
        {
            connection.Dispose();
        }
    }

    // Until the peer says goodbye or closes; says which.
    private string ReceiveAll()
    {
        while (_reader.TryReadHeader(out var header))
        {
            mesh.Meter.Received(header.Length);
            if (header.Tag.Epoch != mesh.Epoch)
            {
                throw new ProtocolException($"a frame of epoch {header.Tag.Epoch} on a connection of epoch {mesh.Epoch}");
            }

            if (header.Consumed != _consumed)
            {
                mesh.Acknowledge(peer, _consumed = header.Consumed);
            }

            switch (header.Kind)
            {
                case FrameKind.Goodbye:
                    return "closed the epoch";
                case FrameKind.Post or FrameKind.Data:
                    Receive(mesh.GroupOf(peer, header, out var slot), slot, header);
                    break;
                case FrameKind.Fault:
                    var group = mesh.GroupOf(peer, header, out _);
                    group.Fail(header.Tag, CollectiveFault.Decode(ReadText(header), group.Size));
                    break;
                case FrameKind.Abort:
                    mesh.GroupOf(peer, header, out slot).Aborted(slot, header, Encoding.UTF8.GetString(ReadText(header)));
                    break;
            }
        }

        return "the peer closed the connection";
    }

    // Short, as the header's form was checked.
    private byte[] ReadText(in FrameHeader header)
    {
        var text = new byte[header.Length];
        _reader.Read(text);
        return text;
    }

    private void Receive(SocketGroup group, int slot, in FrameHeader header)
    {
        var arrival = group.Arrive(peer, slot, header);
        try
        {
            switch (arrival.Kind)
            {
                case ArrivalKind.Nothing:
                    return;
                case ArrivalKind.Unwanted:
                    _reader.Skip(header.Length);
                    break;
                case ArrivalKind.Early:
                    _reader.Read(peer.Arena.Bytes(arrival.Place, header.Length));
                    break;
                default:
                    _reader.Read(arrival.Rows);
                    break;
            }
        }
        catch
        {
            group.Interrupted(peer, arrival);
            throw;
        }

        group.Arrived(peer, slot, header, arrival);
    }
}
