namespace AkkaCp.Collectives.Calls;

/// <summary>The groups that one rank's stages talk in, each explicit: mixing them up is the classic mistake of CP beside TP.</summary>
/// <param name="AttnTp">Ranks with other heads of the same rows: o_proj and logits are combined here.</param>
/// <param name="AttnCp">Ranks with other rows of the same heads: K‖V, and MoE rows where they are gathered.</param>
/// <param name="Moe">Ranks with other experts, or other parts of them, for the same rows: MoE outputs are summed here.</param>
public sealed record RankGroups(IRankGroup AttnTp, IRankGroup AttnCp, IRankGroup Moe)
{
    /// <summary>Tells all peers that this rank takes no part in the step any more.</summary>
    public void Abort(long epoch, long step, string reason)
    {
        AttnTp.Abort(epoch, step, reason);
        AttnCp.Abort(epoch, step, reason);
        Moe.Abort(epoch, step, reason);
    }
}
