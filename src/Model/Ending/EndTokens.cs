using AkkaCp.Model.Configuration;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Ending;

/// <summary>A token that ends an answer.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Text">Its text; empty for an id of the model that the tokenizer has no token for.</param>
/// <param name="Sources">What says so: files, or the template's turns. At least one.</param>
public sealed record EndToken(int Id, string Text, IReadOnlyList<string> Sources);

/// <summary>
/// Which tokens end an answer. The first of these that names one: eos_token_id of generation_config.json, eos_token_id of config.json,
/// eos_token of tokenizer_config.json. Besides, whatever they say, the token that closes the assistant's turn in the chat template: a
/// model that was trained on it writes it, and would otherwise go on with a turn of the user's. Where nothing at all is named, the
/// tokens with which Qwen's models end turns and texts, if the vocabulary has them.
/// </summary>
public sealed class EndTokens
{
    private const string ClosesTurns = "closes turns in the chat template";

    private static readonly string[] s_usual = ["<|im_end|>", "<|endoftext|>"];

    private readonly Tokenizer _tokenizer;
    private readonly int _vocabSize;
    private readonly List<(int Id, string Source)> _found = [];
    private readonly List<string> _notes = [];

    private EndTokens(Tokenizer tokenizer, int vocabSize)
    {
        _tokenizer = tokenizer;
        _vocabSize = vocabSize;
    }

    /// <summary>The tokens, those of the files first.</summary>
    public IReadOnlyList<EndToken> Tokens =>
        [.. _found.GroupBy(found => found.Id, found => found.Source).Select(one => new EndToken(one.Key, TextOf(one.Key), [.. one]))];

    /// <summary>Names that are no tokens, and that nothing ends an answer; one sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Finds them.</summary>
    /// <param name="config">Of the model.</param>
    /// <param name="defaults">Of the model.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="template">Of the model; null where it has none.</param>
    public static EndTokens Find(ModelConfig config, GenerationDefaults defaults, Tokenizer tokenizer, ChatTemplate? template)
    {
        var ends = new EndTokens(tokenizer, config.VocabSize);
        ends.AddOfFiles(config, defaults);
        ends.AddIds(template is null ? [] : TurnEnd.Find(template, tokenizer), ClosesTurns);
        if (ends._found.Count == 0)
            ends.AddUsual();
        return ends;
    }

    private void AddOfFiles(ModelConfig config, GenerationDefaults defaults)
    {
        if (AddIds(defaults.EosTokenIds, $"eos_token_id of {GenerationDefaults.FileName}")
            || AddIds(config.EosTokenIds, "eos_token_id of config.json"))
        {
            return;
        }

        const string source = "eos_token of tokenizer_config.json";
        if (_tokenizer.EosToken is not { Length: > 0 } text)
            return;
        if (_tokenizer.TokenId(text) is { } id)
            AddIds([id], source);
        else
            _notes.Add($"{source}: \"{text}\" is no token of tokenizer.json");
    }

    private bool AddIds(IReadOnlyList<int> ids, string source)
    {
        foreach (var id in ids.Distinct())
        {
            if (id < _vocabSize)
                _found.Add((id, source));
            else
                _notes.Add($"{source}: {id} is no token, the model has {_vocabSize}");
        }

        return _found.Count > 0;
    }

    private void AddUsual()
    {
        foreach (var id in s_usual.Select(_tokenizer.TokenId).OfType<int>())
            _found.Add((id, "by its name, as no file names an end token"));
        if (_found.Count == 0)
        {
            _notes.Add(
                $"no token ends an answer: no eos_token_id in {GenerationDefaults.FileName} and config.json, no eos_token in "
                + "tokenizer_config.json, and no token closes turns in the chat template; "
                + "answers end with stop strings and max-tokens only");
        }
    }

    private string TextOf(int id) => _tokenizer.Decode([id]);
}
