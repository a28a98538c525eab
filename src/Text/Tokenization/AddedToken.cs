using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>A token that is matched in the text before pre-tokenization instead of being made by merges.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Content">The text that it matches.</param>
/// <param name="Special">
/// A control token such as <c>&lt;|im_start|&gt;</c>: no part of what a user may write or should read.
/// </param>
/// <param name="Normalized">Matched in the normalised text instead of in the raw one.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized)
{
    /// <summary>Reads a token's object, as both files of a tokenizer write it.</summary>
    /// <exception cref="ModelFormatException">It has no content, or takes white space or word boundaries into account.</exception>
    public static AddedToken Read(LocatedJson token, int id)
    {
        token["single_word"].RequireOff();
        token["lstrip"].RequireOff();
        token["rstrip"].RequireOff();
        var content = token["content"].Text();
        return content.Length > 0
            ? new AddedToken(id, content, token["special"].Flag(), token["normalized"].Flag())
            : throw token["content"].Wrong("a text to match");
    }
}
