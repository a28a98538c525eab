using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Links;

/// <summary>
/// Frames from one peer, and the thread that takes them: it puts rows where they belong and never waits for anything but the peer's
/// bytes. So whatever a peer may send is always taken, and no frame stands in the way of another for longer than its own bytes take.
/// </summary>
internal sealed class ReceiveLink(ILinkOwner owner, Peer peer, Connection connection)
{
    private readonly FrameReader _reader = new(connection);
    private uint _consumed;

    public Connection Connection => connection;

    /// <summary>Receives until the link ends; runs on the link's own thread.</summary>
    public void Run()
    {
        try
        {
            owner.Lose(peer, ReceiveAll());
        }
        catch (ProtocolException breach)
        {
            owner.Broken(peer, breach.Message);
            owner.Lose(peer, $"broke the protocol: {breach.Message}");
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            owner.Lose(peer, broken.Message);
        }
        catch (Exception bug)
        {
            owner.Fail(peer, bug);
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
            owner.Meter.Received(header.Length);
            if (header.Tag.Epoch != owner.Epoch)
                throw new ProtocolException($"a frame of epoch {header.Tag.Epoch} on a connection of epoch {owner.Epoch}");

            if (header.Consumed != _consumed)
                owner.Acknowledge(peer, _consumed = header.Consumed);

            if (header.Kind == FrameKind.Goodbye)
                return "closed the epoch";

            owner.Receive(peer, header, _reader);
        }

        return "the peer closed the connection";
    }
}
