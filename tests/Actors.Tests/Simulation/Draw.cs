using AkkaCp.Testing;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>Every chance of a simulation: one sequence of numbers, which its seed gives.</summary>
internal sealed class Draw(int seed)
{
    private const int Fine = 1 << 20;

    private readonly Rng _numbers = new((ulong)seed + 1);

    /// <summary>From low to high - 1.</summary>
    public int Next(int low, int high) => _numbers.Next(low, high);

    public bool Chance(double share) => share > 0 && _numbers.Next(Fine) < share * Fine;

    public T Of<T>(IReadOnlyList<T> some) => some[_numbers.Next(some.Count)];

    public T Among<T>(params ReadOnlySpan<T> some) => some[_numbers.Next(some.Length)];
}
