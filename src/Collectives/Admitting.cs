using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives;

/// <summary>Decides whether a process's ranks may send to this one.</summary>
internal static class Admitting
{
    /// <summary>The decision; a welcome gives the connection to the peer. Called under the plane's lock, so that of two that claim the
    /// same ranks one is turned away.</summary>
    public static Admission Decide(Hello hello, Connection connection, RankMesh? mesh, long? latestEpoch, DataPlaneOptions options)
    {
        if (latestEpoch is null || hello.Epoch > latestEpoch)
            return new Admission(HelloAnswer.NotYet($"epoch {hello.Epoch} is not known here yet"), null);

        if (hello.Epoch < latestEpoch || mesh is null)
            return Refuse(RefusalKind.Mismatch, $"epoch {hello.Epoch} is over; the latest here is {latestEpoch}");

        // First, so that both of two that differ learn why, also when one of them has given up already.
        if (HelloCheck.Problems(hello, mesh.Spec, options) is { Count: > 0 } problems)
            return Refuse(RefusalKind.Mismatch, string.Join("; ", problems));

        if (mesh.Closing.IsCancellationRequested)
            return Refuse(RefusalKind.Mismatch, $"epoch {hello.Epoch} is closed here");

        if (mesh.Peers.FirstOrDefault(peer => peer.Ranks.SequenceEqual(hello.From)) is not { } peer)
            return Refuse(RefusalKind.Mismatch, $"ranks {string.Join(",", hello.From)} are not one process in epoch {hello.Epoch}");

        if (peer.Receive is { } link)
        {
            return Refuse(RefusalKind.Duplicate,
                $"rank {string.Join(",", hello.From)} of epoch {hello.Epoch} is connected already, from {link.Connection.Remote}");
        }

        return new Admission(HelloAnswer.Welcome, Receive(mesh, peer, connection));
    }

    private static Action Receive(RankMesh mesh, Peer peer, Connection connection)
    {
        peer.Receive = new ReceiveLink(mesh, peer, connection);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mesh.Track(ended.Task);
        return () =>
        {
            try
            {
                mesh.Joined();
                peer.Receive.Run();
            }
            finally
            {
                ended.SetResult();
            }
        };
    }

    private static Admission Refuse(RefusalKind kind, string reason) => new(HelloAnswer.Refused(reason), null, kind);
}
