using System.Text.RegularExpressions;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>What the pages name between backticks is there: types, members, files, folders, configuration keys.</summary>
public partial class DocsTests
{
    // .NET, Microsoft.Extensions.AI, categories of the log, and files of a Hugging Face directory that no test has.
    private static readonly HashSet<string> s_foreign =
    [
        "EventListener", "ImmutableArray", "JsonElement", "NotSupportedException", "ValueTask",
        "AdditionalProperties", "AllowBackgroundResponses", "AllowMultipleToolCalls", "ChatMessage", "ChatOptions", "ContinuationToken",
        "ConversationId", "FunctionCallContent", "IChatClient", "Instructions", "MaxOutputTokens", "ModelId", "RawRepresentationFactory",
        "Reasoning", "Reasoning.Effort", "ResponseFormat", "StopSequences", "ToolMode",
        "Akka", "AkkaCp",
        "additional_chat_templates/NAME.jinja", "chat_template.json", "model.safetensors.index.json",
    ];

    private static readonly Lazy<DocumentedNames> s_names = new(() => new DocumentedNames());

    public static TheoryData<string> Pages =>
    [
        .. Directory.EnumerateFiles(RepositoryFiles.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md"))
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryNameOfAPage_IsThere(string page)
    {
        var wrong = Spans(page).Where(span => !s_foreign.Contains(span.Text))
            .Select(span => (span, Problem: s_names.Value.Problem(span.Text)))
            .Where(found => found.Problem is not null)
            .Select(found => $"{page}:{found.span.Line}: {found.span.Text} {found.Problem}");

        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryLinkOfAPage_LeadsToAFile(string page)
    {
        var path = Path.Combine(RepositoryFiles.Root, page);
        var wrong = Link().Matches(File.ReadAllText(path)).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal))
            .Where(link => !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, link)));

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("RankPipelne")]
    [InlineData("RankPipeline.Nowhere")]
    [InlineData("src/Pipelines")]
    [InlineData("StepPlaner.cs")]
    [InlineData("scheduler.chunk-token")]
    public void AWrongName_IsSeen(string span) => Assert.NotNull(s_names.Value.Problem(span));

    [Theory]
    [InlineData("RankPipeline")]
    [InlineData("EngineHealth.CallbackFailures")]
    [InlineData("AkkaCp.Pipeline.Stages")]
    [InlineData("src/Pipeline/Stages")]
    [InlineData("bench/results/*/Transport.md")]
    [InlineData("StepPlanner.cs")]
    [InlineData("scheduler.chunk-tokens")]
    [InlineData("transport.insecure = on")]
    [InlineData("attn_cp")]
    public void ARightName_Passes(string span) => Assert.Null(s_names.Value.Problem(span));

    /// <summary>Code between backticks, blocks of code left out.</summary>
    private static IEnumerable<(int Line, string Text)> Spans(string page)
    {
        var inBlock = false;
        foreach (var (number, line) in File.ReadLines(Path.Combine(RepositoryFiles.Root, page)).Index())
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inBlock = !inBlock;
            }
            else if (!inBlock)
            {
                foreach (Match match in Span().Matches(line))
                    yield return (number + 1, match.Groups[1].Value);
            }
        }
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
