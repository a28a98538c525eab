namespace AkkaCp.Pipeline.Partition;

/// <summary>Checks that everything computed from a step's lengths shares. Arguments without mistakes cost no allocation.</summary>
internal static class StepArguments
{
    /// <exception cref="ArgumentException">The message names all mistakes.</exception>
    public static void Validate(ReadOnlySpan<RequestLength> requests, int cpSize)
    {
        var problems = Problems(requests, cpSize);
        ThrowIfAny(problems);
    }

    /// <exception cref="ArgumentException">The message names all mistakes.</exception>
    public static void Validate(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, int cpSize)
    {
        var problems = Problems(requests, cpSize);
        if (placements.Length != requests.Length)
            (problems ??= []).Add($"{nameof(placements)}: expected one for each of {requests.Length} requests, found {placements.Length}");

        for (var b = 0; b < placements.Length; b++)
        {
            if (placements[b].Owner < 0 || placements[b].Owner >= Math.Max(cpSize, 1))
                (problems ??= []).Add($"{nameof(placements)}[{b}].Owner: expected a rank below {cpSize}, found {placements[b].Owner}");
        }

        ThrowIfAny(problems);
    }

    private static List<string>? Problems(ReadOnlySpan<RequestLength> requests, int cpSize)
    {
        List<string>? problems = null;
        if (cpSize < 1)
            (problems ??= []).Add($"{nameof(cpSize)}: expected at least 1, found {cpSize}");

        long rows = 0;
        for (var b = 0; b < requests.Length; b++)
        {
            var (extend, prefix, _) = requests[b];
            rows += Math.Max(extend, 0);
            if (extend < 0 || prefix < 0 || (long)extend + prefix > int.MaxValue)
            {
                (problems ??= []).Add($"{nameof(requests)}[{b}]: expected lengths of 0 or more that sum to an int, " +
                    $"found extend {extend}, prefix {prefix}");
            }
        }

        if (rows > int.MaxValue)
            (problems ??= []).Add($"{nameof(requests)}: expected at most {int.MaxValue} rows together, found {rows}");

        return problems;
    }

    private static void ThrowIfAny(List<string>? problems)
    {
        if (problems is not null)
            throw new ArgumentException($"Step: {string.Join("; ", problems)}");
    }
}
