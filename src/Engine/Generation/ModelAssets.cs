using System.Collections.Immutable;
using AkkaCp.Engine.Prompting;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Generation;

/// <summary>What a model's files hold besides weights.</summary>
internal sealed record ModelAssets
{
    /// <summary>The name of the model's directory or GGUF file.</summary>
    public required string Name { get; init; }

    /// <summary>The model's tokenizer.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Renders and encodes prompts.</summary>
    public required PromptEncoder Prompts { get; init; }

    /// <summary>What the model's authors recommend for generation.</summary>
    public required GenerationDefaults Defaults { get; init; }

    /// <summary>Tokens of prompt and answer together, at most.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the embedding: ids are below it.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Tokens that end an answer.</summary>
    public required ImmutableArray<int> EndTokens { get; init; }

    /// <summary>Reads them all.</summary>
    /// <exception cref="ModelFormatException">A file is missing or malformed.</exception>
    /// <exception cref="ModelConfigException">config.json names a model that cannot run.</exception>
    public static ModelAssets Load(ModelFolder files, ModelConfig config)
    {
        var tokenizer = Tokenizer.Load(files);
        tokenizer.RequireFits(config.VocabSize);
        var defaults = GenerationDefaults.Load(files);
        var template = TemplateOf(files, out var whyNone);
        return new ModelAssets
        {
            Name = files.Name,
            Tokenizer = tokenizer,
            Prompts = new PromptEncoder(tokenizer, template, whyNone),
            Defaults = defaults,
            ContextLength = config.MaxPositionEmbeddings,
            VocabSize = config.VocabSize,
            EndTokens = [.. Model.Ending.EndTokens.Find(config, defaults, tokenizer, template).Tokens.Select(token => token.Id)],
        };
    }

    /// <summary>Takes a request over: a copy that is the engine's own, every field of it checked, its prompt encoded.</summary>
    /// <exception cref="GenerationException">
    /// Invalid: with every mistake of the request; or the template refuses it, or it has an added token that the model lacks.
    /// ContextLengthExceeded.
    /// </exception>
    public AcceptedRequest Accept(GenerationRequest request)
    {
        var own = RequestCopy.Of(request);
        var problems = RequestValidation.Problems(own, this);
        return problems.Count == 0 ? new AcceptedRequest(own, Encode(own)) : throw new GenerationException(problems);
    }

    private EncodedPrompt Encode(GenerationRequest request)
    {
        var prompt = Prompts.Encode(request);
        if (prompt.Tokens.IsEmpty)
            throw new GenerationException(FailureKind.Invalid, "the prompt must have at least one token, found none");
        if (prompt.Tokens.Length > ContextLength)
        {
            throw new GenerationException(
                FailureKind.ContextLengthExceeded,
                $"the prompt must fit the model's context of {ContextLength} tokens, found {prompt.Tokens.Length}");
        }

        RequireRows(prompt.Tokens);
        return prompt;
    }

    private void RequireRows(ImmutableArray<int> tokens)
    {
        foreach (var id in tokens)
        {
            if (id >= VocabSize)
            {
                throw new GenerationException(
                    FailureKind.Invalid,
                    $"the prompt must have tokens below the model's vocab_size {VocabSize}, found \"{Tokenizer.Decode([id])}\", {id}");
            }
        }
    }

    // A base model has no template; it answers raw prompts all the same.
    private static ChatTemplate? TemplateOf(ModelFolder files, out string? whyNone)
    {
        try
        {
            whyNone = null;
            return ChatTemplate.Load(files);
        }
        catch (ModelFormatException error)
        {
            whyNone = error.Message;
            return null;
        }
    }
}
