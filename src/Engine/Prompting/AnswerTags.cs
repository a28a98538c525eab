using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Prompting;

/// <summary>The tags in an answer that say what its parts are.</summary>
internal static class AnswerTags
{
    public const string ThinkOpen = "<think>";
    public const string ThinkClose = "</think>";
    public const string CallOpen = "<tool_call>";
    public const string CallClose = "</tool_call>";
    public const string FunctionOpen = "<function=";
    public const string FunctionClose = "</function>";
    public const string ParameterOpen = "<parameter=";
    public const string ParameterClose = "</parameter>";

    private static readonly string[] s_tokens = [ThinkOpen, ThinkClose, CallOpen, CallClose];

    /// <summary>
    /// The tags that are tokens of their own. Some tokenizers mark them as special, though they are part of the text and not of its
    /// frame: they have to be told from special tokens that are left out.
    /// </summary>
    public static IReadOnlySet<int> TokensOf(Tokenizer tokenizer) => s_tokens.Select(tokenizer.TokenId).OfType<int>().ToHashSet();
}
