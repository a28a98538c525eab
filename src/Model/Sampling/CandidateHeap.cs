namespace AkkaCp.Model.Sampling;

/// <summary>
/// Selection without sorting everything: the k first of n in O(n + k log k · ln(n/k)) expected, and the first few of n in O(n)
/// plus O(log n) each. Binary heaps in place, in spans that the caller owns; the order is total, so the result is unique.
/// </summary>
internal static class CandidateHeap
{
    /// <summary>Fills <paramref name="selected"/> with the first candidates of all logits, in order, best first.</summary>
    /// <param name="logits">[V]; none is NaN.</param>
    /// <param name="selected">[k], k ≤ V; overwritten.</param>
    public static void SelectFirst(ReadOnlySpan<float> logits, Span<Candidate> selected)
    {
        for (var id = 0; id < selected.Length; id++)
            selected[id] = new Candidate(id, logits[id]);
        if (selected.IsEmpty)
            return;
        Heapify(selected, worstOnTop: true);
        for (var id = selected.Length; id < logits.Length; id++)
        {
            // Ids rise, so an equal logit never displaces the worst one kept.
            if (logits[id] > selected[0].Logit)
            {
                selected[0] = new Candidate(id, logits[id]);
                SiftDown(selected, 0, worstOnTop: true);
            }
        }

        for (var rest = selected.Length; rest > 1; rest--)
            MoveTopToEnd(selected[..rest], worstOnTop: true);
    }

    /// <summary>Makes a heap whose top is the first candidate.</summary>
    public static void HeapifyBestOnTop(Span<Candidate> heap) => Heapify(heap, worstOnTop: false);

    /// <summary>Swaps the heap's first candidate into its last place; the heap is then one shorter.</summary>
    public static void MoveBestToEnd(Span<Candidate> heap) => MoveTopToEnd(heap, worstOnTop: false);

    private static void MoveTopToEnd(Span<Candidate> heap, bool worstOnTop)
    {
        (heap[0], heap[^1]) = (heap[^1], heap[0]);
        SiftDown(heap[..^1], 0, worstOnTop);
    }

    private static void Heapify(Span<Candidate> heap, bool worstOnTop)
    {
        for (var root = heap.Length / 2 - 1; root >= 0; root--)
            SiftDown(heap, root, worstOnTop);
    }

    private static void SiftDown(Span<Candidate> heap, int root, bool worstOnTop)
    {
        for (var child = 2 * root + 1; child < heap.Length; child = 2 * root + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1].Precedes(heap[child]) != worstOnTop)
                child++;
            if (heap[child].Precedes(heap[root]) == worstOnTop)
                return;
            (heap[root], heap[child]) = (heap[child], heap[root]);
            root = child;
        }
    }
}

/// <summary>A token that may be chosen. Candidates are ordered by logit, largest first, and among equals by id, lowest first.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Logit">Its logit after bias and penalties.</param>
/// <param name="Weight">exp((logit − max) / temperature), in [0, 1]; its probability up to one common factor.</param>
internal readonly record struct Candidate(int Id, float Logit, double Weight = 0)
{
    public bool Precedes(Candidate other) => Logit > other.Logit || (Logit == other.Logit && Id < other.Id);
}
