using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using AkkaCp.Text.Files;

namespace AkkaCp.Model;

/// <summary>
/// What a model directory's small files are: config, tokenizer, chat template, generation defaults. Processes that work together compare
/// them, so that nobody encodes prompts for one model and computes with another. Weights are not among them.
/// </summary>
/// <param name="Files">One fact for each file or part.</param>
public sealed record ModelFacts(ImmutableArray<ModelFact> Files)
{
    /// <summary>Of a process that has no model.</summary>
    public static ModelFacts None { get; } = new(ImmutableArray<ModelFact>.Empty);

    /// <summary>One hash for all.</summary>
    public string Hash =>
        XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(string.Join('\n', Files.Select(fact => $"{fact.Name} {fact.Hash}"))))
            .ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads the facts of a directory; what is malformed in it is for its reader to say.</summary>
    /// <exception cref="ModelFormatException">A file is there and cannot be read.</exception>
    public static ModelFacts Read(ModelFolder folder) => ModelFactsReader.Read(folder);

    /// <summary>The names of which the two have different hashes, with both; "none" where one side has nothing of the name.</summary>
    public IEnumerable<(string Name, string Ours, string Theirs)> DifferencesTo(ModelFacts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var name in Files.Concat(other.Files).Select(fact => fact.Name).Distinct())
        {
            var (ours, theirs) = (HashOf(name), other.HashOf(name));
            if (ours != theirs)
                yield return (name, ours, theirs);
        }
    }

    /// <inheritdoc/>
    public bool Equals(ModelFacts? other) => other is not null && Files.SequenceEqual(other.Files);

    /// <inheritdoc/>
    public override int GetHashCode() => Files.Length == 0 ? 0 : Files[0].GetHashCode();

    private string HashOf(string name) => Files.FirstOrDefault(fact => fact.Name == name)?.Hash ?? ModelFactsReader.Absent;
}

/// <summary>What one file of a model directory, or one part of it, is.</summary>
/// <param name="Name">The file or part, as errors call it.</param>
/// <param name="Hash">XxHash128 of its content in hexadecimal digits; "none" where it is not there.</param>
public sealed record ModelFact(string Name, string Hash);
