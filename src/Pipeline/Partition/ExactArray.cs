namespace AkkaCp.Pipeline.Partition;

/// <summary>Arrays that are as long as what they hold, since operators and callers read their lengths.</summary>
internal static class ExactArray
{
    /// <summary>An array of <paramref name="length"/> elements with undefined content: <paramref name="last"/> when it is that long, so
    /// that steps of one shape allocate nothing.</summary>
    public static T[] Reuse<T>(T[] last, int length) => last.Length == length ? last : new T[length];
}
