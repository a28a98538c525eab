namespace AkkaCp.Text.Tokenization;

/// <summary>What byte-level BPE knows: the token of each byte, and rank and result of each pair of tokens that merges.</summary>
internal sealed class MergeTable
{
    private readonly int[] _byteTokens;
    private readonly Dictionary<(int Left, int Right), Merge> _merges;

    /// <param name="byteTokens">[256] token id of each single byte.</param>
    /// <param name="merges">Result of each pair; a lower rank merges first.</param>
    public MergeTable(int[] byteTokens, Dictionary<(int Left, int Right), Merge> merges)
    {
        _byteTokens = byteTokens;
        _merges = merges;
    }

    /// <summary>Token id of a single byte.</summary>
    public int TokenOf(byte value) => _byteTokens[value];

    /// <summary>The merge of two neighbours, if they merge.</summary>
    public bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue((left, right), out merge);
}

/// <summary>One merge: its rank, the lower the earlier, and the token that it makes.</summary>
internal readonly record struct Merge(int Rank, int Token);
