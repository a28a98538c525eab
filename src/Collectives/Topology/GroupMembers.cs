namespace AkkaCp.Collectives.Topology;

/// <summary>The members of one group.</summary>
/// <param name="Kind">What the group is for.</param>
/// <param name="Ranks">Global ranks in group order.</param>
public sealed record GroupMembers(GroupKind Kind, IReadOnlyList<int> Ranks)
{
    /// <summary>Kind and global ranks, such as ATTN_CP[0,2].</summary>
    public string Name => $"{Kind.Name()}[{string.Join(',', Ranks)}]";

    /// <summary>Place of a global rank in the group, or -1.</summary>
    public int IndexOf(int globalRank)
    {
        for (var i = 0; i < Ranks.Count; i++)
        {
            if (Ranks[i] == globalRank)
                return i;
        }

        return -1;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
