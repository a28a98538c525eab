using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>What tokenizer_config.json says of tokens; its chat template is read elsewhere.</summary>
internal sealed record TokenizerConfigFile
{
    private const string FileName = "tokenizer_config.json";

    private static readonly ChangingKey s_splitting = new("split_special_tokens", "special tokens as plain text");

    private static readonly string[] s_named =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>Texts of all special tokens that the file names.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>The tokens of added_tokens_decoder.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Texts of the special tokens that have a key of their own, such as eos_token, by it.</summary>
    public IReadOnlyDictionary<string, string> NamedTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>Text of eos_token, or null.</summary>
    public string? EosToken => NamedTokens.GetValueOrDefault("eos_token");

    /// <summary>Whether add_bos_token or add_eos_token asks for tokens around each text; null where neither is there.</summary>
    public bool? FramesTexts { get; init; }

    /// <summary>Whether the reference cleans the spaces of answers, which is not done here.</summary>
    public bool CleansSpaces { get; init; }

    /// <summary>Reads the file of a model directory; a directory without one says nothing.</summary>
    /// <exception cref="ModelFormatException">The file is malformed, or asks for what is not supported.</exception>
    public static TokenizerConfigFile Read(ModelFolder folder)
    {
        if (!folder.Has(FileName))
            return new TokenizerConfigFile();

        using var document = folder.ReadJson(FileName);
        var root = new LocatedJson(folder.PathOf(FileName), "", document.RootElement);
        var splitting = root[s_splitting.Key];
        if (!s_splitting.IsOff(splitting.Value))
            throw splitting.Wrong(s_splitting.Expected);
        var frames = new[] { root["add_bos_token"], root["add_eos_token"] };
        return new TokenizerConfigFile
        {
            AddedTokens = ReadAddedTokens(root["added_tokens_decoder"]),
            SpecialTokens = [.. s_named.Select(name => root[name]).Concat(ListOf(root["additional_special_tokens"]))
                .Concat(ListOf(root["extra_special_tokens"])).Select(TextOf).OfType<string>().Where(text => text.Length > 0).Distinct()],
            NamedTokens = s_named.Where(name => !root[name].IsAbsent).ToDictionary(name => name, name => TextOf(root[name])!),
            FramesTexts = frames.All(flag => flag.IsAbsent) ? null : frames.Any(flag => flag.Flag()),
            CleansSpaces = root["clean_up_tokenization_spaces"].Flag(),
        };
    }

    /// <summary>Tokens stand in a list, or in an object by name.</summary>
    private static IEnumerable<LocatedJson> ListOf(LocatedJson tokens) =>
        tokens.IsAbsent ? []
        : tokens.Value.ValueKind == JsonValueKind.Object ? tokens.Properties().Select(entry => entry.Value)
        : tokens.Items();

    /// <summary>A token is a text, or an object whose content is one.</summary>
    private static string? TextOf(LocatedJson token) =>
        token.IsAbsent ? null : token.Value.ValueKind == JsonValueKind.Object ? token["content"].Text() : token.Text();

    private static IReadOnlyList<AddedToken> ReadAddedTokens(LocatedJson tokens) =>
        tokens.IsAbsent ? [] : [.. tokens.Properties().Select(entry => int.TryParse(entry.Key, out var id)
            ? AddedToken.Read(entry.Value, id)
            : throw entry.Value.Wrong("a token id as the key"))];
}
