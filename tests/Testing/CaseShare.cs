namespace AkkaCp.Testing;

/// <summary>
/// How many cases a differential or fuzz test runs: a tenth of them in <c>dotnet test</c>, so that the suite stays quick, and every one
/// under <c>eng/test-cases.sh</c>, which sets AKKACP_CASES=all. Such a test carries the trait <see cref="Trait"/>.
/// </summary>
public static class CaseShare
{
    /// <summary>The trait by which <c>eng/test-cases.sh</c> finds these tests: <c>[Trait(CaseShare.Trait, CaseShare.Shared)]</c>.</summary>
    public const string Trait = "Cases";

    /// <summary>The value of <see cref="Trait"/>.</summary>
    public const string Shared = "Shared";

    private static readonly bool s_all = Environment.GetEnvironmentVariable("AKKACP_CASES") == "all";

    /// <summary>How many of <paramref name="whole"/> random cases to run.</summary>
    public static int Count(int whole) => s_all ? whole : Math.Max(1, whole / 10);

    /// <summary>Every recorded case, or each tenth of them, so that all parts of a recording have their share.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> recorded) => s_all ? recorded : recorded.Where((_, index) => index % 10 == 0);
}
