using System.Reflection;
using AkkaCp.Engine;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Architecture.Tests;

public class EnginePublicApiTests
{
    private const string FileName = "EnginePublicApi.txt";

    /// <summary>What embedding programs compile against changes only on purpose: with the file beside this test.</summary>
    [Fact]
    public void PublicMembersOfEngine_AreThoseThatWereApproved()
    {
        var approved = Path.Combine(RepositoryFiles.Root, "tests", "Architecture.Tests", FileName);
        var found = string.Join('\n', typeof(InferenceEngine).Assembly.GetExportedTypes()
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .SelectMany(Describe)) + "\n";
        var received = Path.Combine(AppContext.BaseDirectory, FileName);
        File.WriteAllText(received, found);

        Assert.True(File.ReadAllText(approved) == found, $"The public API differs from {approved}; it is now as in {received}.");
    }

    private static IEnumerable<string> Describe(Type type)
    {
        yield return type.FullName!;
        const BindingFlags Declared =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        // Accessors show in their properties; what the compiler gives every record says nothing.
        var members = type.GetMembers(Declared)
            .Where(member => member is not MethodInfo { IsSpecialName: true } and not Type)
            .Where(member => member.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null)
            .Select(member => $"  {Describe(member)}");
        foreach (var member in members.Order(StringComparer.Ordinal))
            yield return member;
    }

    private static string Describe(MemberInfo member) => member is PropertyInfo property
        ? $"{property} {{ {(property.GetMethod is { IsPublic: true } ? "get; " : "")}{(property.SetMethod is { IsPublic: true } ? "set; " : "")}}}"
        : member.ToString()!;
}
