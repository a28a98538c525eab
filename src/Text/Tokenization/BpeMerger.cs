namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Byte pair encoding of one piece after another: of all neighbours that merge, the pair of lowest rank goes first, of equal
/// ones the leftmost. A piece of n bytes costs O(n log n): a queue of candidates over a linked list, where a candidate that an
/// earlier merge has overtaken is dropped when its turn comes. One instance serves one thread and reuses its memory.
/// </summary>
internal sealed class BpeMerger
{
    private const int None = -1;

    /// <summary>The token of a node that has been merged into its left neighbour.</summary>
    private const int Gone = -1;

    private readonly MergeTable _merges;

    // Element: the token that the merge makes. Priority: rank in the upper half, position in the lower.
    private readonly PriorityQueue<int, long> _candidates = new();
    private Node[] _nodes = new Node[64];

    public BpeMerger(MergeTable merges) => _merges = merges;

    /// <summary>Candidates taken from the queue since construction: the work done, in a unit that no clock disturbs.</summary>
    public long CandidatesTried { get; private set; }

    /// <summary>Appends the tokens of <paramref name="piece"/> (UTF-8) to <paramref name="ids"/>.</summary>
    public void AppendTokens(ReadOnlySpan<byte> piece, List<int> ids)
    {
        if (piece.IsEmpty)
            return;

        Link(piece);
        for (var i = 0; i < piece.Length - 1; i++)
            Enqueue(i);
        MergeAll();
        for (var i = 0; i != None; i = _nodes[i].Next)
            ids.Add(_nodes[i].Token);
    }

    private void Link(ReadOnlySpan<byte> piece)
    {
        if (_nodes.Length < piece.Length)
            _nodes = new Node[Math.Max(piece.Length, 2 * _nodes.Length)];
        for (var i = 0; i < piece.Length; i++)
            _nodes[i] = new Node(_merges.TokenOf(piece[i]), i - 1, i + 1 < piece.Length ? i + 1 : None);
    }

    private void MergeAll()
    {
        while (_candidates.TryDequeue(out var token, out var candidate))
        {
            CandidatesTried++;
            var position = (int)(candidate & uint.MaxValue);
            if (StillMakes(token, position))
                MergeAt(position, token);
        }
    }

    private bool StillMakes(int token, int position)
    {
        var node = _nodes[position];
        return node.Token != Gone && node.Next != None
            && _merges.TryGet(node.Token, _nodes[node.Next].Token, out var merge) && merge.Token == token;
    }

    private void MergeAt(int position, int token)
    {
        ref var node = ref _nodes[position];
        ref var right = ref _nodes[node.Next];
        node.Token = token;
        node.Next = right.Next;
        right.Token = Gone;
        if (node.Next != None)
        {
            _nodes[node.Next].Previous = position;
            Enqueue(position);
        }

        if (node.Previous != None)
            Enqueue(node.Previous);
    }

    /// <summary>Puts the pair that begins at a node into the queue, if it merges.</summary>
    private void Enqueue(int position)
    {
        var node = _nodes[position];
        if (_merges.TryGet(node.Token, _nodes[node.Next].Token, out var merge))
            _candidates.Enqueue(merge.Token, ((long)merge.Rank << 32) | (uint)position);
    }

    private record struct Node(int Token, int Previous, int Next);
}
